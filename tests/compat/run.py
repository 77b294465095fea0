#!/usr/bin/env python3
"""Runs programs of Haravan's clients twice: against a sandbox, and through a gateway over another one.

A program is a process that finds where Haravan is in its environment, and says what it learnt, line by line. It knows
nothing of the gateway. What it says must be the same both ways, and the calls hardly more.

Usage: run.py TONKHO PROGRAM...
"""

import itertools
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from stage import HOST, KEY, PATIENCE_SECONDS, SHOP, SHOP_KEY, TOKEN, Bucket, Stage, address

PROGRAMS = Path(__file__).parent / "programs"
RUNNERS = {".py": [sys.executable, "-B"], ".mjs": ["node"]}
# Most calls through the gateway for one without it, and one more for the shop's first question.
MOST, FIRST = 1.02, 1
# How programs find the shop: its id is in the path, the key has no other, or the host means it.
BY_PATH, BY_KEY, BY_HOST = "path", "key", "host"


@dataclass(frozen=True)
class Setting:
    """How a program is pointed at Haravan, and what Haravan allows meanwhile."""

    shop_by: str = BY_PATH
    bucket: Bucket = Bucket()


SETTINGS = {
    "sdk.py": Setting(BY_KEY),
    "sync.py": Setting(BY_PATH),
    "stock_writer.py": Setting(BY_PATH),
    "variant_writer.py": Setting(BY_KEY),
    "fixed_host.py": Setting(BY_HOST),
    "assistant.mjs": Setting(BY_KEY),
    "watchful.py": Setting(BY_PATH, Bucket(size=20, leak_per_second=20.0)),
    "patient.py": Setting(BY_PATH, Bucket(size=5, leak_per_second=20.0)),
    "reasons.py": Setting(BY_PATH),
}


@dataclass(frozen=True)
class Run:
    """What a program said, what that took, and how long."""

    said: list[str]
    calls: int
    seconds: float


def main() -> None:
    tonkho, *names = sys.argv[1:]
    failures = [complaint for name in names for complaint in compare(tonkho, name)]
    if failures:
        raise SystemExit("\n".join(failures))
    print(f"{len(names)} passed, 0 failed")


def compare(tonkho: str, name: str) -> list[str]:
    """Runs a program both ways; gives back what differs."""
    directly, through = play(tonkho, name, False), play(tonkho, name, True)
    print(
        f"{name}: {directly.calls} calls directly, {through.calls} through the gateway;"
        f" {directly.seconds:.1f} s and {through.seconds:.1f} s"
    )
    if directly.calls * MOST + FIRST < through.calls:
        return [f"{name}: the gateway spends more calls"]
    pairs = itertools.zip_longest(directly.said, through.said)
    differing = [(one, other) for one, other in pairs if one != other]
    return [f"{name}: directly {short(one)}\n  through the gateway {short(other)}" for one, other in differing[:3]]


def play(tonkho: str, name: str, through: bool) -> Run:
    """Runs a program against a Haravan that nobody has changed yet."""
    setting = SETTINGS[name]
    with Stage(tonkho, setting.bucket) as stage:
        if through:
            stage.add_gateway()
        program = PROGRAMS / name
        began = datetime.now(timezone.utc)
        start = time.monotonic()
        done = subprocess.run(
            [*RUNNERS[program.suffix], str(program)],
            env=os.environ | surroundings(stage, setting),
            stdout=subprocess.PIPE,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        seconds = time.monotonic() - start
        if done.returncode != 0:
            raise SystemExit(f"{name}: fails {'through the gateway' if through else 'directly'}: {done.stdout}")
        said = [without_clock(line, began) for line in done.stdout.splitlines()]
        if not said:
            raise SystemExit(f"{name}: says nothing")
        return Run(said, stage.calls(), seconds)


def surroundings(stage: Stage, setting: Setting) -> dict[str, str]:
    """The variables that tell a program where Haravan is."""
    url, token = stage.sandbox, TOKEN
    if stage.gateway:
        shop = f"/shops/{SHOP}" if setting.shop_by == BY_PATH else ""
        url, token = stage.gateway + shop, SHOP_KEY if setting.shop_by == BY_KEY else KEY
    return {
        "HARAVAN_URL": url,
        "HARAVAN_TOKEN": token,
        # What a line in /etc/hosts would say of the host.
        "HARAVAN_HOST": HOST,
        "HARAVAN_ADDRESS": address(url),
    }


def without_clock(line: str, began: datetime) -> str:
    """A line in which the times of this run look the same as those of another."""

    def told(found: re.Match) -> str:
        return found.group() if datetime.fromisoformat(found.group()) < began else "now"

    return re.sub(r"20\d\d-\d\d-\d\dT[\d:]+(\.\d+)?Z", told, line)


def short(line: str | None) -> str:
    """As much of a line as one reads."""
    return "nothing more" if line is None else line[:400]


main()
