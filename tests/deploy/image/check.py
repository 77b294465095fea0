#!/usr/bin/env python3
"""Builds the image with buildah and runs it with podman, as strictly as a cluster would.

Ends with 77, and the reason, where that cannot be done. Usage: check.py VERSION REVISION
"""

import json
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from datetime import datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
IMAGE = "localhost/tonkho:check"
SKIPPED = 77
MAX_BYTES = 40 << 20
MAX_START_SECONDS = 0.2
# For anything that is waited for.
DEADLINE_SECONDS = 30
# For a base image that a registry would have to send.
PULL_SECONDS = 120
CONFIG = '[[shops]]\norg_id = 1000\ntoken_env = "HARAVAN_TOKEN_1000"\n'
# What a restricted pod is given: no privileges, nothing to write to. The machine's network, since a bridge cannot be had
# everywhere. Podman warns of a health check that no systemd will run for it; here it is run by hand.
RUN = [
    *("podman", "--log-level=fatal", "run", "--pull=never", "--network=host"),
    *("--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges"),
]


def output(*command: str) -> str:
    """What a command prints; fails if it does."""
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def succeeds(*command: str, seconds: float | None = None) -> bool:
    """Whether a command does what it is told, within the time it gets."""
    try:
        quiet = subprocess.DEVNULL
        return subprocess.run(command, stdout=quiet, stderr=quiet, timeout=seconds, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def skip(reason: str) -> None:
    """Ends, for a reason that is not the image's fault."""
    print(reason)
    raise SystemExit(SKIPPED)


def expect(what: str, found, wanted) -> None:
    """Fails if something is not as it should be."""
    if found != wanted:
        raise SystemExit(f"{what}: {found!r}, expected {wanted!r}")


def check_tools() -> None:
    """Skips unless there is something to build with, and something to build on."""
    for tool in ("buildah", "podman"):
        if not shutil.which(tool):
            skip(f"{tool} is not there (on Debian: apt-get install buildah podman)")
    for base in re.findall(r"(?m)^FROM (\S+)", (ROOT / "Dockerfile").read_text()):
        there = succeeds("podman", "image", "exists", base)
        if not there and not succeeds("podman", "pull", "--quiet", base, seconds=PULL_SECONDS):
            skip(f"the base image {base} cannot be had")


def build(version: str, revision: str) -> None:
    """Builds it; layers that have not changed are taken from the last time."""
    started = time.monotonic()
    arguments = [f"--build-arg=TONKHO_VERSION={version}", f"--build-arg=TONKHO_REVISION={revision}"]
    # The health check is a thing of Docker's format; chroot needs no privileges that a container would lack.
    how = ["--layers", "--format=docker", "--isolation=chroot", "--pull-never", "--timestamp=0", "--quiet"]
    command = ["buildah", "build", *how, *arguments, f"--tag={IMAGE}", str(ROOT)]
    built = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if built.returncode:
        raise SystemExit(f"{built.stdout}\nthe image cannot be built")
    print(f"built in {time.monotonic() - started:.0f} s")


def check_manifest(version: str, revision: str) -> None:
    """What the image says of itself."""
    [image] = json.loads(output("podman", "image", "inspect", IMAGE))
    config = image["Config"]
    expect("User", config["User"], "65532:65532")
    expect("Entrypoint", config["Entrypoint"], ["/usr/local/bin/tonkho"])
    expect("Cmd", config["Cmd"], ["serve"])
    expect("ExposedPorts", list(config["ExposedPorts"]), ["8080/tcp"])
    expect("HEALTHCHECK", image["Healthcheck"]["Test"], ["CMD", "/usr/local/bin/tonkho", "healthcheck"])
    expect("version", config["Labels"]["org.opencontainers.image.version"], version)
    expect("revision", config["Labels"]["org.opencontainers.image.revision"], revision)
    megabytes = image["Size"] / (1 << 20)
    print(f"size: {megabytes:.1f} MiB")
    if MAX_BYTES < image["Size"]:
        raise SystemExit(f"the image has {megabytes:.1f} MiB, more than {MAX_BYTES >> 20}")


def check_commands(version: str) -> None:
    """A configuration in the working directory is found, a wrong one refused."""
    expect("--version", output(*RUN, "--rm", IMAGE, "--version"), f"tonkho {version}")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "tonkho.toml").write_text(CONFIG)
        Path(folder).chmod(0o755)
        check = [*RUN, "--rm", f"--volume={folder}:/etc/tonkho:ro"]
        told = output(*check, "--env=HARAVAN_TOKEN_1000=t", IMAGE, "check-config")
        expect("check-config", told, "configuration is valid: 1 shop, 0 keys")
        expect("check-config without the token", succeeds(*check, IMAGE, "check-config"), False)


def check_process(pid: str) -> None:
    """What the system says of the running process: nobody, no capabilities, a root that cannot be written to."""
    status = dict(re.findall(r"(?m)^(\w+):\s*(.*)$", Path("/proc", pid, "status").read_text()))
    expect("Uid", status["Uid"].split()[0], "65532")
    expect("CapEff", int(status["CapEff"], 16), 0)
    expect("CapBnd", int(status["CapBnd"], 16), 0)
    expect("NoNewPrivs", status["NoNewPrivs"], "1")
    mounts = [line.split() for line in Path("/proc", pid, "mountinfo").read_text().splitlines()]
    [root] = [mount[5] for mount in mounts if mount[4] == "/"]
    expect("the root is read-only", "ro" in root.split(","), True)


def check_start(container: str) -> None:
    """How long it took from the start of the process to its log line that it listens."""
    started = output("podman", "inspect", "--format", "{{.State.StartedAt.UnixMilli}}", container)
    log = subprocess.run(["podman", "logs", container], check=True, capture_output=True, text=True)
    [listening] = [line for line in (log.stdout + log.stderr).splitlines() if '"listening"' in line]
    at = datetime.fromisoformat(json.loads(listening)["timestamp"]).timestamp()
    took = at - int(started) / 1000
    print(f"start to ready: {took * 1000:.0f} ms")
    if MAX_START_SECONDS < took:
        raise SystemExit(f"it took {took:.3f} s to be ready, more than {MAX_START_SECONDS}")


def get(url: str) -> str:
    """What is at a URL."""
    with urllib.request.urlopen(url, timeout=DEADLINE_SECONDS) as answer:
        return answer.read().decode()


def check_service(version: str, revision: str) -> None:
    """It is ready, says that it is healthy, and ends well when it is told to."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = "127.0.0.1:%d" % free.getsockname()[1]
    variables = [f"--env=TONKHO__SERVER__LISTEN={address}", "--env=TONKHO__TELEMETRY__LOG_FORMAT=json"]
    container = output(*RUN, "--detach", *variables, IMAGE)
    try:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not succeeds("podman", "healthcheck", "run", container):
            if deadline < time.monotonic():
                raise SystemExit("it does not become healthy:\n" + output("podman", "logs", container))
        check_start(container)
        expect("status", json.loads(get(f"http://{address}/health/ready"))["status"], "ready")
        build_info = f'tonkho_build_info{{revision="{revision}",version="{version}"}} 1'
        expect(build_info, build_info in get(f"http://{address}/metrics").splitlines(), True)
        check_process(output("podman", "inspect", "--format", "{{.State.Pid}}", container))
        output("podman", "kill", "--signal=TERM", container)
        expect("what it ends with", output("podman", "wait", container), "0")
    finally:
        succeeds("podman", "rm", "--force", "--time=0", container)


def main(version: str, revision: str) -> None:
    """Everything, in order."""
    check_tools()
    build(version, revision)
    check_manifest(version, revision)
    check_commands(version)
    check_service(version, revision)


if __name__ == "__main__":
    main(*sys.argv[1:])
