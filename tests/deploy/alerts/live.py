#!/usr/bin/env python3
"""Watches a real gateway with a real Prometheus.

Every query of the dashboard has series, every variable of it has values; no alert fires while all is well, and each
one does when what it is about is made to happen. Usage: live.py TONKHO PROMETHEUS
"""

import json
import re
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from demo import Callers, Demo
from prometheus import FACTOR, Prometheus, until

CHART = Path(__file__).resolve().parents[3] / "helm" / "tonkho"
EXAMPLE, GENERATED = 1000, 2000
EXAMPLE_STOCK = f"{EXAMPLE}/stock?variant_ids=1061514767,1064240649&location_ids=963414,1007284"
# What a dashboard's variables stand for here.
VARIABLES = {"job": "tonkho", "instance": ".*", "shop": f"{EXAMPLE}|{GENERATED}", "__rate_interval": "3s"}
# An hour, as the rules have it here.
HOUR = f"{3_600_000 // FACTOR}ms"


def filled_in(expression: str) -> str:
    """A dashboard's expression with its variables replaced."""
    return re.sub(r"\$(\w+)", lambda found: VARIABLES[found.group(1)], expression)


def check_dashboard(prometheus: Prometheus) -> None:
    """Every panel's every query has series, and every variable has values."""
    dashboard = json.loads((CHART / "dashboards" / "tonkho.json").read_text())
    queries = [
        (panel["title"], filled_in(target["expr"]))
        for panel in dashboard["panels"]
        for target in panel.get("targets", [])
    ]
    for title, expression in queries:
        until(f"{title} has no series: {expression}", lambda: prometheus.query(expression))
    variables = [one for one in dashboard["templating"]["list"] if one["type"] == "query"]
    for variable in variables:
        selector, label = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["definition"]).groups()
        found = prometheus.label_values(filled_in(selector), label)
        if not found:
            raise SystemExit(f"${variable['name']} has no values: {variable['definition']}")
    print(f"dashboard: {len(queries)} queries have series, {len(variables)} variables have values")


class Trouble:
    """Makes what the alerts are about happen, one after the other."""

    def __init__(self, prometheus: Prometheus, demo: Demo, callers: Callers):
        self.prometheus, self.demo, self.callers = prometheus, demo, callers
        self.fired = set()
        # Some hundred rows that can go below zero, and the question that is about them.
        rows = demo.rows(GENERATED)
        variants = sorted({row["variant_id"] for row in rows})[:40]
        locations = sorted({row["loc_id"] for row in rows})[:5]
        cells = {(variant, location) for variant in variants for location in locations}
        self.rows = [row for row in rows if (row["variant_id"], row["loc_id"]) in cells]
        ids = [",".join(map(str, some)) for some in (variants, locations)]
        self.stock = f"{GENERATED}/stock?variant_ids={ids[0]}&location_ids={ids[1]}"

    def all_well(self) -> None:
        """An hour of good days: hits, and calls now and then; nothing fires."""
        self.callers.keep_asking(EXAMPLE_STOCK, 0.05)
        self.callers.keep_asking(self.stock, 0.05)
        self.callers.keep_asking(self.stock, 0.4, **{"Cache-Control": "no-cache"})
        check_dashboard(self.prometheus)
        past = f"tonkho_negative_available_rows offset {HOUR} and tonkho_resident_cells offset {HOUR} > 0"
        until("an hour has not passed", lambda: 2 <= len(self.prometheus.query(past)))
        if firing := self.prometheus.firing():
            raise SystemExit(f"all is well, and {firing} fires")
        print("no alert fires while all is well")

    def oversold(self) -> None:
        """Every row of the question is sold below zero."""
        sold = [row | {"qty_available": -1, "updated_at": "2030-01-01T00:00:00Z"} for row in self.rows]
        self.demo.put_rows(GENERATED, sold)
        self.fires("TonkhoNegativeStockRising")

    def odd(self) -> None:
        """Every page holds a row that is none."""
        self.demo.break_shop(GENERATED, raw_rows=["null"])
        self.fires("TonkhoUnreadable")

    def crowded(self) -> None:
        """Somebody else fills the bucket."""
        self.demo.break_shop(GENERATED, call_limit_header="80/80")
        self.fires("TonkhoBucketExhausted")
        self.demo.break_shop(GENERATED, throttle_next=1_000_000, retry_after="0.1")
        self.fires("TonkhoThrottled")

    def withdrawn(self) -> None:
        """A token is withdrawn."""
        self.demo.break_shop(EXAMPLE, fail_ratio=1.0, fail_as=["unauthorized"])
        self.callers.keep_asking(EXAMPLE_STOCK, 0.2, **{"Cache-Control": "no-cache"})
        self.fires("TonkhoTokenRefused")

    def failing(self) -> None:
        """Haravan fails, for long enough that what is cached grows stale."""
        self.demo.break_shop(GENERATED, fail_ratio=1.0, fail_as=["status_500"])
        self.fires("TonkhoBreakerOpen")
        self.fires("TonkhoErrorRatio")
        self.fires("TonkhoStaleAnswersRising")

    def gone(self) -> None:
        """The gateway ends, and then even its address is forgotten."""
        self.demo.stop()
        self.fires("TonkhoDown")
        self.prometheus.scrape([])
        self.fires("TonkhoAbsent")

    def fires(self, alert: str) -> None:
        """Waits until the alert fires."""
        until(f"{alert} does not fire", lambda: alert in self.prometheus.firing())
        print(f"{alert} fires")
        self.fired.add(alert)


def main(tonkho: str, program: str) -> None:
    """Makes all of it happen, and sees to it that nothing is left running."""
    rules = (CHART / "rules" / "tonkho.yaml").read_text()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as running:
        demo = Demo(tonkho)
        callers = Callers(demo)
        running.callback(callers.stop)
        running.callback(demo.stop)
        prometheus = Prometheus(program, Path(folder), rules)
        running.callback(prometheus.stop)
        prometheus.scrape([demo.address])
        trouble = Trouble(prometheus, demo, callers)
        trouble.all_well()
        trouble.oversold()
        trouble.odd()
        trouble.crowded()
        trouble.withdrawn()
        trouble.failing()
        trouble.gone()
    if missed := set(re.findall(r"- alert: (\w+)", rules)) - trouble.fired:
        raise SystemExit(f"nothing here makes these alerts fire: {missed}")


if __name__ == "__main__":
    main(*sys.argv[1:])
