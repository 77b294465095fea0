"""Haravan's own SDK for Python: what its users do with it, and resources that it lacks, added as its users add them.

It knows hosts, not URLs: `/admin` is the only base, and it sends the token in two headers.
"""

import json
import os

import haravan
from pyactiveresource.connection import ClientError, ResourceInvalid, ResourceNotFound, UnauthorizedAccess

TOKEN = os.environ["HARAVAN_TOKEN"]
EMPTY = [haravan.Order, haravan.Customer, haravan.Collect, haravan.CustomCollection, haravan.SmartCollection]


class Location(haravan.HaravanResource):
    """The SDK has no locations of its own."""


class InventoryLocation(haravan.HaravanResource):
    """Nor rows of inventory."""


def say(what: str, value) -> None:
    """Tells whoever started the program what it learnt."""
    print(json.dumps([what, value], ensure_ascii=False, sort_keys=True, default=lambda one: one.to_dict()))


def start(token: str) -> None:
    """Opens a session, as the manual of the SDK does."""
    # Without TLS here; a gateway with a certificate needs no such line.
    haravan.Session.setup(protocol="http")
    haravan.HaravanResource.activate_session(haravan.Session(os.environ["HARAVAN_ADDRESS"], token))


def read() -> list:
    """Reads a bit of everything; gives back some products."""
    say("shop", haravan.Shop.current())
    say("count", haravan.Product.count())
    pages = [haravan.Product.find(limit=50, page=page) for page in (1, 2, 3)]
    say("products", pages)
    products = list(pages[0])
    say("one product", haravan.Product.find(products[0].id))
    say("range", products[0].price_range())
    say("one variant", haravan.Variant.find(products[0].variants[0].id))
    for resource in EMPTY:
        say(resource.__name__, resource.find())
    return products


def read_stock(products) -> None:
    """Reads rows, a few variants at a time."""
    locations = Location.find()
    say("locations", locations)
    ids = ",".join(str(location.id) for location in locations)
    for product in products:
        variants = ",".join(str(variant.id) for variant in product.variants)
        question = {"variant_ids": variants, "location_ids": ids, "order": "id", "direction": "asc"}
        say("rows", InventoryLocation.find(**question))


def write(products) -> None:
    """Changes variants, and reads them again."""
    for number, product in enumerate(products):
        variant = haravan.Variant.find(product.variants[0].id)
        variant.sku = f"SDK-{number}"
        variant.inventory_quantity = 50 + number
        say("saved", variant.save())
        say("variant", haravan.Variant.find(variant.id))
    read_stock(products)


def fail() -> None:
    """Meets errors, each an exception of its own."""
    for what, expected, question in [
        ("no such product", ResourceNotFound, lambda: haravan.Product.find(1)),
        ("no ids", ResourceInvalid, InventoryLocation.find),
        ("no such resource", ClientError, haravan.ScriptTag.find),
    ]:
        say(what, raised(expected, question))
    start(TOKEN + "x")
    say("wrong token", raised(UnauthorizedAccess, haravan.Product.find))


def raised(expected, question):
    """The status of the exception that comes."""
    try:
        question()
    except expected as error:
        return error.code
    raise SystemExit(f"no {expected.__name__}")


def main() -> None:
    """Reads, writes, fails."""
    start(TOKEN)
    products = read()[:10]
    read_stock(products)
    write(products)
    fail()


main()
