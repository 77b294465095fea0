"""Changes variants one by one, and looks at each place that shows them."""

from wire import ask, get, good, products, rows, say


def main() -> None:
    """Changes some, and looks."""
    locations = [location["id"] for location in get("/com/locations.json").json["locations"]]
    for number, product in enumerate(products(1)[:20]):
        variant = product["variants"][0]["id"]
        say("rows before", rows([variant], locations))
        fields = {"id": int(variant), "sku": f"NEW-{number}", "inventory_quantity": 100 + number}
        changed = good(ask("PUT", f"/com/variants/{variant}.json", body={"variant": fields}))
        say("changed", changed.json)
        say("rows after", rows([variant], locations))
        say("variant", get(f"/com/variants/{variant}.json").json)
        say("product", get(f"/com/products/{product['id']}.json", fields="id,variants").json)
    unknown = ask("PUT", "/com/variants/1.json", body={"variant": {"id": 1, "inventory_quantity": 1}})
    say("unknown variant", [unknown.status, unknown.json])


main()
