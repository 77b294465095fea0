#!/usr/bin/env python3
"""Renders the chart with several values, and tries what comes out.

Usage: check.py HELM TONKHO, with PyYAML, kubernetes-validate and checkov in the same environment.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from manifests import Manifests, complaints

HERE = Path(__file__).resolve().parent
CHART = HERE.parents[2] / "helm" / "tonkho"
MAX_RENDER_SECONDS = 2
KUBERNETES = ("1.30", "1.33")
# Kinds that Kubernetes has no schema for, since they are the Prometheus Operator's.
FOREIGN_KINDS = {"ServiceMonitor", "PrometheusRule"}
# What a Secret that is not the chart's holds in the production values.
ELSEWHERE = {
    "haravan": {
        name: "from-elsewhere"
        for name in (
            "HARAVAN_TOKEN_1000",
            "HARAVAN_TOKEN_200000123456",
            "HARAVAN_CLIENT_SECRET",
            "HARAVAN_VERIFY_TOKEN",
        )
    }
}


def run(*command: str, **options) -> subprocess.CompletedProcess:
    """A command's outcome, whatever it is."""
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def good(*command: str, **options) -> str:
    """What a command prints; fails with all it says if it does not succeed."""
    done = run(*command, **options)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def merged(base: dict, over: dict) -> dict:
    """Values over values, as Helm puts them."""
    both = {key: merged(base[key], over[key]) for key in base.keys() & over.keys() if isinstance(over[key], dict)}
    return base | over | both


class Chart:
    """The chart, the program that renders it, and the one that it is for."""

    def __init__(self, helm: str, tonkho: str):
        self.helm, self.tonkho = helm, tonkho
        self.tools = Path(sys.executable).parent

    def check_values(self, values: Path) -> None:
        """One file of values, rendered and tried."""
        good(self.helm, "lint", "--strict", CHART, "--values", values)
        started = time.monotonic()
        rendered = good(self.helm, "template", "shop", CHART, "--namespace", "stock", "--values", values)
        took = time.monotonic() - started
        if MAX_RENDER_SECONDS < took:
            raise SystemExit(f"{values}: rendered in {took:.1f} s, more than {MAX_RENDER_SECONDS}")
        given = yaml.safe_load(values.read_text()) or {}
        manifests = Manifests(list(yaml.safe_load_all(rendered)), merged(default_values(), given))
        if wrong := complaints(manifests):
            raise SystemExit(f"{values}:\n" + "\n".join(wrong))
        self.check_schemas(values, rendered)
        self.check_config(values, manifests)
        # The notes are rendered only when something is installed, or would be.
        self.check_notes(values, good(self.helm, "install", "shop", CHART, "--dry-run=client", "--values", values))
        print(f"{values.name}: {len(manifests.documents)} manifests, rendered in {took:.2f} s")

    def check_schemas(self, values: Path, rendered: str) -> None:
        """Kubernetes would take every manifest."""
        for version in KUBERNETES:
            command = [self.tools / "kubernetes-validate", "--strict", "--kubernetes-version", version, "-"]
            done = run(*command, input=rendered)
            said = (done.stdout + done.stderr).splitlines()
            odd = [line for line in said if not line.startswith("INFO")]
            odd = [line for line in odd if not any(f"schema for kind {kind} " in line for kind in FOREIGN_KINDS)]
            if done.returncode or odd or not said:
                raise SystemExit(f"{values}, Kubernetes {version}:\n" + "\n".join(odd or said))

    def check_config(self, values: Path, manifests: Manifests) -> None:
        """The program takes the file and the variables that the pod would have."""
        variables = {"PATH": os.defpath, **manifests.environment(ELSEWHERE)}
        with tempfile.NamedTemporaryFile("w", suffix=".toml") as config:
            config.write(manifests.config)
            config.flush()
            command = [self.tonkho, "check-config", "--config", config.name]
            told = good(*command, env=variables)
            # Each token comes from a variable: without them, each is missed.
            missed = run(*command, env={}).stderr.count(", which is not set")
        shops, keys = (len(some) for some in (manifests.values["config"]["shops"], manifests.values["keys"]))
        if missed != shops:
            raise SystemExit(f"{values}: {missed} of {shops} tokens are taken from variables")
        if f"{shops} shop" not in told or f"{keys} key" not in told:
            raise SystemExit(f"{values}: {told.strip()}, expected {shops} shops and {keys} keys")

    def check_notes(self, values: Path, told: str) -> None:
        """The notes say what is still to do, and nothing that is secret."""
        _, _, notes = told.partition("NOTES:")
        given = merged(default_values(), yaml.safe_load(values.read_text()) or {})
        for what, wanted in {
            "There are no shops yet": not given["config"]["shops"],
            "There are no keys yet": not given["keys"],
            "It is not watched yet": not given["serviceMonitor"]["enabled"],
            "Every pod of the cluster can reach it": not given["networkPolicy"]["enabled"],
            "helm --namespace default test shop": True,
        }.items():
            if (what in notes) != wanted:
                raise SystemExit(f"{values}: the notes and {what!r}:\n{notes}")
        if told := [token for token in given["tokens"].values() if token in notes]:
            raise SystemExit(f"{values}: the notes tell {told}")

    def check_refused(self, values: Path) -> None:
        """Values that are wrong are refused, with the reason that the file's first line has."""
        reason = values.read_text().splitlines()[0].removeprefix("# refused: ")
        done = run(self.helm, "template", "shop", CHART, "--values", values)
        said = " ".join(done.stderr.split())
        if done.returncode == 0 or reason not in said:
            raise SystemExit(f"{values}: expected to be refused with {reason!r}, but: {said or 'it was taken'}")

    def check_changes_roll(self) -> None:
        """A change of the configuration, of a token or of a key makes a new pod; one of the service does not."""
        values = CHART / "ci" / "minimal-values.yaml"

        def annotations(*changes: str) -> dict:
            sets = [part for change in changes for part in ("--set-string", change)]
            rendered = good(self.helm, "template", "shop", CHART, "--values", values, *sets)
            return Manifests(list(yaml.safe_load_all(rendered)), {}).pod["metadata"]["annotations"]

        before = annotations()
        for change in ("config.cache.fresh=7s", "tokens.1000=another", "keys[0].name=another"):
            if annotations(change) == before:
                raise SystemExit(f"{change} does not make a new pod")
        if annotations("service.annotations.a=b") != before:
            raise SystemExit("a change of the service makes a new pod")

    def check_policy(self) -> None:
        """checkov has nothing to say but what `.checkov.yaml` answers."""
        quiet = ["--quiet", "--compact", "--skip-download"]
        path = os.pathsep.join((str(Path(self.helm).parent), str(self.tools), os.environ["PATH"]))
        variables = os.environ | {"PATH": path}
        good(self.tools / "checkov", *quiet, "--directory", CHART, "--framework", "helm", env=variables)


def default_values() -> dict:
    """The chart's own values."""
    return yaml.safe_load((CHART / "values.yaml").read_text())


def main(helm: str, tonkho: str) -> None:
    """Everything, in order."""
    chart = Chart(helm, str(Path(tonkho).resolve()))
    accepted = [CHART / "values.yaml", *sorted((CHART / "ci").glob("*.yaml"))]
    for values in accepted:
        chart.check_values(values)
    refused = sorted((HERE / "refused").glob("*.yaml"))
    for values in refused:
        chart.check_refused(values)
    print(f"{len(refused)} files of wrong values are refused, each with its reason")
    chart.check_changes_roll()
    chart.check_policy()
    with tempfile.TemporaryDirectory() as folder:
        good(helm, "package", CHART, "--destination", folder)


if __name__ == "__main__":
    main(*sys.argv[1:])
