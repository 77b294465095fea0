"""Knows one thing about limits: at a 429 it waits as many seconds as `Retry-After` says, a decimal. Anything else ends it."""

import sys
import time
from concurrent.futures import ThreadPoolExecutor

from wire import ask, batches, good, joined, products, say

CALLERS = 16
QUESTIONS = 96


def until_answered(question) -> tuple:
    """Asks until it is not told to wait; the answer, and how often it waited."""
    path, query = question
    for waited in range(100):
        answer = ask("GET", path, query)
        if answer.status != 429:
            return good(answer).json, waited
        time.sleep(float(answer.headers["Retry-After"]))
    raise SystemExit("it waits for ever")


def main() -> None:
    """Asks with many callers at once."""
    variants = [variant["id"] for product in products(2) for variant in product["variants"]]
    locations, _ = until_answered(("/com/locations.json", {}))
    ids = joined(place["id"] for place in locations["locations"])
    questions = []
    for number, some in zip(range(QUESTIONS // 3), batches(variants, 2)):
        rows = {"variant_ids": joined(some), "location_ids": ids, "order": "id", "direction": "asc"}
        questions += [
            ("/com/inventory_locations.json", rows),
            ("/com/products.json", {"page": number + 1, "limit": 1}),
            ("/com/variants/%s.json" % some[0], {}),
        ]
    with ThreadPoolExecutor(CALLERS) as callers:
        answers = list(callers.map(until_answered, questions))
    for answer, _ in answers:
        say("answer", answer)
    print(f"waited {sum(waited for _, waited in answers)} times", file=sys.stderr)


main()
