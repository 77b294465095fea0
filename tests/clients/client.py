"""What a service in Python does with the generated client: asks a demo, and gets models back, problems included.

`tonkho_client` is generated from openapi/tonkho.json by openapi-generator. Its quantities are `int` where they are
whole and `float` where they are not, so sums of them are taken as `Decimal`: 0.1 + 0.2 is 0.3 there.
"""

import os
from decimal import Decimal

import tonkho_client
from tonkho_client import Id, Ids, NegativeQuestion, Problem, StockQuestion
from tonkho_client.exceptions import BadRequestException, ForbiddenException

VARIANTS = "1061514767,1064240649"
LOCATIONS = "963414,1007284"


def rows_of_the_document(compatible):
    """The documentation's example, value by value."""
    answer = compatible.get_inventory_locations(1000, VARIANTS, location_ids=LOCATIONS, order="id")
    rows = answer.actual_instance.inventory_locations
    assert [row.id for row in rows] == [1003098484, 1003226632, 1006907070, 1007549786], rows
    worst = rows[3]
    assert (worst.qty_onhand, worst.qty_commited, worst.qty_available) == (-3, 12, -15), worst
    assert worst.updated_at.isoformat() == "2021-07-08T01:47:17.600000+00:00", worst


def sums_of_the_document(views):
    """The same cells, summed; asked for in a body."""
    question = StockQuestion(
        variant_ids=Ids([Id(1061514767), Id("1064240649")]), location_ids=Ids(Id(LOCATIONS)), group_by="variant"
    )
    answer = views.post_stock(1000, question).actual_instance
    assert answer.complete and len(answer.stock) == 2, answer
    totals = answer.totals
    assert (totals.qty_onhand, totals.qty_available, totals.sellable) == (12, -7, 15), totals
    assert isinstance(totals.qty_onhand, int), totals


def problems_are_typed(compatible, views):
    """What goes wrong is a model too."""
    try:
        compatible.get_inventory_locations(77, VARIANTS)
        raise AssertionError("there is no shop 77")
    except ForbiddenException as refused:
        problem = refused.data
        assert isinstance(problem, Problem) and problem.errors == problem.detail, problem
        assert (problem.status, problem.type) == (403, "urn:tonkho:problem:forbidden"), problem
    try:
        views.get_stock(1000, VARIANTS + ",99999999999999999999")
        raise AssertionError("no id is that long")
    except ValueError as refused:
        assert "pattern" in str(refused) or "regular expression" in str(refused), refused
    except BadRequestException as refused:
        assert refused.data.type == "urn:tonkho:problem:invalid-parameter", refused.data


def a_negative_alert_adds_up(compatible, views):
    """Shop 2000 oversells: each shortage is what can be sent and what cannot, to the last decimal."""
    products = compatible.get_forwarded(2000, "products.json")["products"]
    variants = [Id(variant["id"]) for product in products for variant in product["variants"]]
    answer = views.post_negative_alerts(2000, NegativeQuestion(variant_ids=Ids(variants))).actual_instance
    assert answer.count == len(answer.alerts) > 0, answer
    for alert in answer.alerts:
        assert alert.qty_available < 0 and alert.shortage == -alert.qty_available, alert
        sent = sum((exact(transfer.quantity) for transfer in alert.transfer_from), Decimal(0))
        assert sent == exact(alert.coverable), alert
        assert exact(alert.shortage) - sent == exact(alert.uncovered), alert


def exact(quantity):
    """A quantity with the decimals it was sent with."""
    return Decimal(str(quantity))


def main():
    """Asks the demo that the environment names."""
    configuration = tonkho_client.Configuration(
        host=os.environ["TONKHO_URL"], access_token=os.environ["TONKHO_KEY"]
    )
    with tonkho_client.ApiClient(configuration) as client:
        compatible = tonkho_client.HaravanCompatibleApi(client)
        views = tonkho_client.ViewsApi(client)
        rows_of_the_document(compatible)
        sums_of_the_document(views)
        problems_are_typed(compatible, views)
        a_negative_alert_adds_up(compatible, views)


main()
