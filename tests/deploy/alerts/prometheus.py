"""A real Prometheus that scrapes the gateway several times a second, with the alert rules in fast motion."""

import json
import re
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

# How much faster time passes in the rules: an hour in 18 seconds, five minutes in one and a half.
FACTOR = 200
SCRAPE = "200ms"
# For anything that is waited for: an alert takes some 20 seconds at most on an idle machine.
DEADLINE_SECONDS = 120
UNITS = {"s": 1000, "m": 60_000, "h": 3_600_000}


def sped_up(rules: str) -> str:
    """Rules, or an expression, whose every duration is divided by FACTOR."""
    places = re.compile(r"(?<=\[)(\d+)([smh])(?=\])|(?<=offset )(\d+)([smh])\b|(?<=for: )(\d+)([smh])\b")

    def shorter(found: re.Match) -> str:
        number, unit = [part for part in found.groups() if part]
        return f"{int(number) * UNITS[unit] // FACTOR}ms"

    return places.sub(shorter, rules)


class Prometheus:
    """A server on a port that the system chooses, with its data in `folder`."""

    def __init__(self, program: str, folder: Path, rules: str):
        self._targets = folder / "targets.json"
        self.scrape([])
        (folder / "rules.yml").write_text(sped_up(rules))
        (folder / "prometheus.yml").write_text(
            f"global: {{scrape_interval: {SCRAPE}, scrape_timeout: {SCRAPE}, evaluation_interval: {SCRAPE}}}\n"
            f"rule_files: [{folder}/rules.yml]\n"
            "scrape_configs:\n"
            f"  - {{job_name: tonkho, file_sd_configs: [{{files: [{self._targets}], refresh_interval: 1s}}]}}\n"
        )
        self._process = subprocess.Popen(
            [
                program,
                f"--config.file={folder}/prometheus.yml",
                f"--storage.tsdb.path={folder}/series",
                "--web.listen-address=127.0.0.1:0",
            ],
            stderr=subprocess.PIPE,
            text=True,
        )
        self._url = self._read_address()

    def scrape(self, targets: list[str]) -> None:
        """Scrapes these addresses from now on, and no others."""
        written = self._targets.with_suffix(".new")
        written.write_text(json.dumps([{"targets": targets}] if targets else []))
        written.rename(self._targets)

    def query(self, expression: str) -> list[float]:
        """The values of the series that an expression has now, those that are no number left out."""
        samples = self._get("query", query=expression)["result"]
        values = [float(sample["value"][1]) for sample in samples]
        return [value for value in values if value == value]

    def label_values(self, selector: str, label: str) -> set[str]:
        """The values of a label among the series that are selected."""
        series = self._get("series", **{"match[]": selector})
        return {one[label] for one in series if label in one}

    def firing(self) -> set[str]:
        """The alerts that fire."""
        alerts = self._get("alerts")["alerts"]
        return {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"}

    def stop(self) -> None:
        """Ends it."""
        self._process.terminate()
        self._process.wait(DEADLINE_SECONDS)

    def _get(self, what: str, **parameters: str):
        url = f"{self._url}/api/v1/{what}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=DEADLINE_SECONDS) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as refused:
            raise SystemExit(f"{parameters}: {json.load(refused)['error']}") from refused

    def _read_address(self) -> str:
        said = []
        for line in self._process.stderr:
            said.append(line)
            if found := re.search(r'"?Listening on"?.*?address"?[=:]"?(127\.0\.0\.1:\d+)', line):
                # It goes on talking: somebody has to listen, or it blocks.
                threading.Thread(target=self._process.stderr.read, daemon=True).start()
                return f"http://{found.group(1)}"
        raise SystemExit("prometheus does not start:\n" + "".join(said))


def until(what: str, holds) -> None:
    """Waits until `holds()`; fails, saying `what` was waited for, if that takes too long."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not holds():
        if deadline < time.monotonic():
            raise SystemExit(f"waited {DEADLINE_SECONDS} s in vain: {what}")
        time.sleep(0.1)
