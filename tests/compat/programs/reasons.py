"""Shows a person why something failed: the text in `errors`, `error`, `message` or `error_description`."""

from wire import TOKEN, ask, say

# Haravan's own words must come through; where the gateway answers itself, there must be some.
FORWARDED = [
    ("GET", "/com/nothing.json", {}, None),
    ("GET", "/com/products/1.json", {}, None),
    ("GET", "/com/products.json", {"updated_at_min": "yesterday"}, None),
    ("POST", "/com/inventories/adjustorset.json", {}, {"inventory": {}}),
    ("PUT", "/com/variants/1.json", {}, {"variant": {"id": 1}}),
]
OWN = [
    ("GET", "/com/inventory_locations.json", {"location_ids": "1"}, None),
    ("GET", "/com/inventory_locations.json", {"variant_ids": "x", "location_ids": "1"}, None),
    ("GET", "/com/inventory_locations.json", {"variant_ids": "1", "location_ids": "1", "since_id": "x"}, None),
]


def reason(answer) -> str | None:
    """The first of the members that says something."""
    body = answer.json
    for member in ("errors", "error", "message", "error_description"):
        if told := body.get(member):
            return told if isinstance(told, str) else ", ".join(map(str, told))
    return None


def main() -> None:
    """Asks what is wrong in many ways."""
    for question in FORWARDED:
        answer = ask(*question)
        say("forwarded", [*question[:2], answer.status, answer.headers["Content-Type"], reason(answer)])
    for question in OWN:
        answer = ask(*question)
        say("own", [*question[:2], answer.status, bool(reason(answer))])
    for path in ("/com/inventory_locations.json", "/com/products.json"):
        answer = ask("GET", path, {}, token=TOKEN + "x")
        say("a wrong token", [path, answer.status, bool(reason(answer))])


main()
