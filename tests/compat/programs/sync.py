"""Copies a shop's stock: products page by page, then rows for 50 variants at a time, of one location and of twenty."""

from wire import batches, get, joined, products, rows, say

# So that it ends within seconds; the benchmark `passthrough` plays a whole shop.
PAGES = 10
LIMIT = 250


def by_since_id(variants, locations) -> list[dict]:
    """Every row of a question, going on after the last id until a page is short."""
    found, last = [], 0
    while True:
        page = get(
            "/com/inventory_locations.json",
            variant_ids=joined(variants),
            location_ids=joined(locations),
            limit=LIMIT,
            order="id",
            direction="asc",
            since_id=last,
        ).json["inventory_locations"]
        found += page
        if len(page) < LIMIT:
            return found
        last = page[-1]["id"]


def main() -> None:
    """Copies, and tells all of it."""
    say("count", get("/com/products/count.json").json)
    listed = products(PAGES)
    say("products", listed)
    locations = [location["id"] for location in get("/com/locations.json", page=1, limit=50).json["locations"]]
    say("locations", locations)
    variants = [variant["id"] for product in listed for variant in product["variants"]]
    for some in batches(variants):
        say("one location", rows(some, locations[:1]))
        say("twenty locations", by_since_id(some, locations[:20]))


main()
