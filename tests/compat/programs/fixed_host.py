"""A program with its host and its paths built in: `https://{shop}.myharavan.com/admin`, and a header of Haravan's own.

What is moved is what the host name means: here HARAVAN_ADDRESS stands for a line in /etc/hosts.
"""

import http.client
import json
import os
from urllib.parse import urlencode

from wire import PATIENCE_SECONDS, TOKEN, joined, say

HOST = os.environ["HARAVAN_HOST"]
PATHS = ["shop.json", "products.json?limit=2", "products/count.json", "locations.json", "orders.json?status=open"]


def ask(connection, path: str):
    """Reads a path below /admin; what came, its numbers as they were written."""
    headers = {"Host": HOST, "X-Haravan-Access-Token": TOKEN}
    connection.request("GET", f"/admin/{path}", headers=headers)
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read(), parse_float=str, parse_int=str)


def main() -> None:
    """Reads by each of the paths, all on one connection."""
    connection = http.client.HTTPConnection(os.environ["HARAVAN_ADDRESS"], timeout=PATIENCE_SECONDS)
    for path in PATHS:
        say(path, ask(connection, path))
    _, products = ask(connection, "products.json?limit=10")
    _, locations = ask(connection, "locations.json")
    variants = [variant["id"] for product in products["products"] for variant in product["variants"]]
    query = {
        "variant_ids": joined(variants),
        "location_ids": joined(location["id"] for location in locations["locations"]),
        "order": "id",
        "direction": "asc",
    }
    say("rows", ask(connection, f"inventory_locations.json?{urlencode(query)}"))
    say("unknown", ask(connection, "nothing.json"))


main()
