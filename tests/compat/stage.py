"""A sandbox and, if it is asked for, a gateway over it: each a process of its own, on a port that the system chooses."""

import hashlib
import json
import subprocess
import tempfile
import urllib.request
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

SHOP = 2000
TOKEN = f"sandbox-{SHOP}"
# A key for every shop, and one that is bound to one shop, which need not be in the path then.
KEY, SHOP_KEY = "tk_compat", "tk_compat_2000"
# The host name that a program has built in.
HOST = f"sandbox-{SHOP}.myharavan.com"
# Longer than anything here takes.
PATIENCE_SECONDS = 60


@dataclass(frozen=True)
class Bucket:
    """How many calls Haravan lets a token make."""

    size: int = 10_000
    leak_per_second: float = 10_000.0


class Stage:
    """What a program is pointed at; both processes end with the block that it is used in."""

    def __init__(self, tonkho: str, bucket: Bucket):
        self._tonkho, self._bucket = tonkho, bucket
        self._exit = ExitStack()
        self.gateway = None

    def __enter__(self):
        # Its first line is `Haravan sandbox:  http://…`, said once the address is bound.
        sandbox = self._start("sandbox", "--listen", "127.0.0.1:0", stdout=subprocess.PIPE)
        self.sandbox = sandbox.stdout.readline().split()[-1]
        shape = {"size": self._bucket.size, "leak_per_second": self._bucket.leak_per_second}
        self._switch("PUT", "bucket", shape | {"retry_after_ms": 350})
        return self

    def __exit__(self, *_):
        self._exit.close()

    def add_gateway(self) -> None:
        """Starts a gateway over the sandbox."""
        folder = Path(self._exit.enter_context(tempfile.TemporaryDirectory()))
        config = folder / "tonkho.toml"
        config.write_text(self._config())
        # It logs where it listens, and little else: the pipe does not fill up.
        gateway = self._start("serve", "--config", str(config), stderr=subprocess.PIPE)
        line = gateway.stderr.readline()
        if '"message":"listening"' not in line:
            raise SystemExit(f"the gateway does not start: {line}")
        self.gateway = f"http://{json.loads(line)['addr']}"

    def calls(self) -> int:
        """How many calls the sandbox has had with the shop's token."""
        return self._switch("GET", "counters")["requests"]

    def _config(self) -> str:
        bucket = self._bucket
        return f"""
            [server]
            listen = "127.0.0.1:0"
            [haravan]
            base_url = "{self.sandbox}"
            [rate]
            bucket = {bucket.size}
            leak_per_second = {bucket.leak_per_second}
            headroom = 1
            [telemetry]
            log = "error,tonkho::app=info"
            log_format = "json"
            [[keys]]
            name = "every-shop"
            sha256 = "{digest(KEY)}"
            shops = ["*"]
            scopes = ["read", "haravan", "haravan-write"]
            [[keys]]
            name = "one-shop"
            sha256 = "{digest(SHOP_KEY)}"
            shops = [{SHOP}]
            scopes = ["read", "haravan", "haravan-write"]
            [[shops]]
            org_id = {SHOP}
            token = "{TOKEN}"
            hosts = ["{HOST}"]
        """

    def _start(self, *arguments: str, **pipes) -> subprocess.Popen:
        process = subprocess.Popen([self._tonkho, *arguments], text=True, **pipes)
        self._exit.callback(end, process)
        return process

    def _switch(self, method: str, switch: str, body=None):
        request = urllib.request.Request(
            f"{self.sandbox}/_sandbox/shops/{SHOP}/{switch}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
        )
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
            return json.loads(answer.read())


def end(process: subprocess.Popen) -> None:
    """Ends a process, whatever it still has to say."""
    process.terminate()
    process.communicate(timeout=PATIENCE_SECONDS)


def digest(key: str) -> str:
    """What a configuration holds of a key."""
    return hashlib.sha256(key.encode()).hexdigest()


def address(url: str) -> str:
    """Host and port of a URL."""
    return urlsplit(url).netloc
