"""Watches the call limit in the header of each answer, and sleeps before the bucket is full: it never sees a 429."""

import time

from wire import ask, batches, joined, products, say

QUESTIONS = 60
# It knows how quickly the bucket leaks, and slows down once it is this full.
LEAK_PER_SECOND, ENOUGH = 20.0, 0.7


class Watchful:
    """Asks, and remembers how full the bucket was."""

    def __init__(self):
        self.sizes, self.throttled = set(), 0

    def get(self, path: str, **query):
        """Asks once, then sleeps as long as the header says it should."""
        answer = ask("GET", path, query)
        if answer.status == 429:
            self.throttled += 1
        level, size = map(int, answer.headers["X-Haravan-Api-Call-Limit"].split("/"))
        self.sizes.add(size)
        if ENOUGH * size < level:
            time.sleep((level - ENOUGH * size + 1) / LEAK_PER_SECOND)
        return answer


def main() -> None:
    """Asks more than the bucket holds, of what the gateway answers itself and of what it passes on."""
    watchful = Watchful()
    variants = [variant["id"] for product in products(1) for variant in product["variants"]]
    locations = [place["id"] for place in watchful.get("/com/locations.json").json["locations"]]
    for number, some in zip(range(QUESTIONS // 3), batches(variants, 3)):
        query = {"variant_ids": joined(some), "location_ids": joined(locations), "order": "id", "direction": "asc"}
        say("rows", watchful.get("/com/inventory_locations.json", **query).json)
        say("page", watchful.get("/com/products.json", page=number + 1, limit=2).json)
        say("orders", watchful.get("/com/orders.json", page=number + 1).json)
    say("sizes", sorted(watchful.sizes))
    say("throttled", watchful.throttled)


main()
