"""`tonkho demo` as a process: a gateway to ask, and its sandbox to break."""

import json
import subprocess
import threading
import urllib.error
import urllib.request

KEY = "tk_demo"
# Longer than any question here takes.
PATIENCE_SECONDS = 90


class Demo:
    """A gateway over a Haravan sandbox, on ports that the system chooses."""

    def __init__(self, program: str):
        arguments = [program, "demo", "--listen", "127.0.0.1:0"]
        self._process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
        # It says where it listens once it does.
        urls = {}
        for line in self._process.stdout:
            name, _, rest = line.partition(":")
            urls[name] = rest.split()[0] if rest.split() else ""
            if line.startswith("ctrl-c"):
                break
        self.gateway, self.sandbox = urls["gateway"], urls["sandbox"]

    @property
    def address(self) -> str:
        """Host and port of the gateway."""
        return self.gateway.removeprefix("http://")

    def ask(self, path: str, **headers: str) -> int:
        """Asks the gateway, and answers with the status."""
        request = urllib.request.Request(f"{self.gateway}/shops/{path}", headers={"X-API-Key": KEY, **headers})
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
                answer.read()
                return answer.status
        except urllib.error.HTTPError as refused:
            return refused.code

    def rows(self, shop: int) -> list[dict]:
        """Every row that the sandbox has of a shop."""
        answer = self._turn("GET", shop, "rows")
        return answer["rows"] if isinstance(answer, dict) else answer

    def put_rows(self, shop: int, rows: list[dict]) -> None:
        """Changes rows in the sandbox."""
        self._turn("PUT", shop, "rows", rows)

    def break_shop(self, shop: int, **faults) -> None:
        """Has these faults, and no others, happen to a shop's calls; none mends it."""
        self._turn("PUT", shop, "faults", faults)

    def stop(self) -> None:
        """Ends it, if it has not ended."""
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait(PATIENCE_SECONDS)

    def _turn(self, method: str, shop: int, switch: str, body=None):
        request = urllib.request.Request(
            f"{self.sandbox}/_sandbox/shops/{shop}/{switch}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
        )
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
            text = answer.read()
        return json.loads(text) if text else None


class Callers:
    """Programs that ask the same questions again and again, until they are told to stop."""

    def __init__(self, demo: Demo):
        self._demo = demo
        self._stopped = threading.Event()
        self._threads = []

    def keep_asking(self, path: str, seconds: float, **headers: str) -> None:
        """Asks this, with so much time between an answer and the next question."""
        thread = threading.Thread(target=self._loop, args=(path, seconds, headers), daemon=True)
        self._threads.append(thread)
        thread.start()

    def stop(self) -> None:
        """Lets everybody finish the question they are at."""
        self._stopped.set()
        for thread in self._threads:
            thread.join(PATIENCE_SECONDS)

    def _loop(self, path: str, seconds: float, headers: dict) -> None:
        while not self._stopped.wait(seconds):
            try:
                self._demo.ask(path, **headers)
            except OSError:
                # The gateway is gone, which is part of what is tried.
                return
