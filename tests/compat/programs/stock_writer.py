"""Brings stock to what an ERP says: reads rows, writes the differences or the quantities, and reads again.

A difference that was computed from rows out of date would be applied twice: each round would show it.
"""

from decimal import Decimal

from wire import ask, batches, get, good, products, rows, say

# The most lines that Haravan takes at once.
LINES = 200
ROUNDS = 5


def main() -> None:
    """Writes by differences and by quantities, in turn."""
    pieces = [
        (product["id"], variant["id"]) for product in products(4) for variant in product["variants"]
    ][:LINES]
    location = get("/com/locations.json").json["locations"][0]["id"]
    for number in range(ROUNDS):
        target = 10 + number
        say("adjusted", write(location, "adjust", differences(location, pieces, target)))
        say("rows", read(location, pieces))
        say("set", write(location, "set", [(*piece, target * 2) for piece in pieces]))
        say("rows", read(location, pieces))
    say("refused", refused(location, pieces))


def read(location, pieces) -> list[dict]:
    """The rows of every piece."""
    variants = [variant for _, variant in pieces]
    return [row for some in batches(variants) for row in rows(some, [location])]


def differences(location, pieces, target: int) -> list[tuple]:
    """What each piece lacks on hand, in whole ones."""
    held = {row["variant_id"]: Decimal(row["qty_onhand"]) for row in read(location, pieces)}
    lacking = [(*piece, target - int(held.get(piece[1], 0))) for piece in pieces]
    return [line for line in lacking if line[2] != 0]


def write(location, kind: str, lines) -> dict:
    """Writes lines, which Haravan must take."""
    return good(sent(location, kind, lines)).json


def sent(location, kind: str, lines):
    """Writes lines; the answer, whatever it is."""
    items = [
        {"product_id": int(product), "product_variant_id": int(variant), "quantity": quantity}
        for product, variant, quantity in lines
    ]
    body = {"inventory": {"location_id": int(location), "type": kind, "line_items": items}}
    return ask("POST", "/com/inventories/adjustorset.json", body=body)


def refused(location, pieces):
    """What Haravan says of a write that is wrong."""
    answer = sent(location, "set", [])
    return [answer.status, answer.json, len(read(location, pieces))]


main()
