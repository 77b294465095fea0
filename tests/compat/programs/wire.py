"""What the programs in Python here share: HTTP as the standard library does it, and saying what was learnt."""

import json
import os
import urllib.error
import urllib.request
from dataclasses import dataclass
from email.message import Message
from urllib.parse import urlencode

URL = os.environ["HARAVAN_URL"]
TOKEN = os.environ["HARAVAN_TOKEN"]
# The most ids that Haravan takes in a list.
BATCH = 50
PATIENCE_SECONDS = 30


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Message
    text: str

    @property
    def json(self):
        """The body, its numbers as they were written."""
        return json.loads(self.text, parse_float=str, parse_int=str)


def ask(method: str, path: str, query=None, body=None, token: str = TOKEN) -> Answer:
    """Asks Haravan, whatever the answer may be."""
    url = f"{URL}{path}" + (f"?{urlencode(query, safe=',')}" if query else "")
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    data = None
    if body is not None:
        headers["Content-Type"] = "application/json"
        data = json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
            return Answer(answer.status, answer.headers, answer.read().decode())
    except urllib.error.HTTPError as refused:
        return Answer(refused.code, refused.headers, refused.read().decode())


def get(path: str, **query) -> Answer:
    """Reads something that must be there."""
    return good(ask("GET", path, query))


def good(answer: Answer) -> Answer:
    """The answer, if all went well."""
    if answer.status != 200:
        raise SystemExit(f"{answer.status}: {answer.text}")
    return answer


def say(what: str, value) -> None:
    """Tells whoever started the program what it learnt."""
    print(json.dumps([what, value], ensure_ascii=False, sort_keys=True))


def joined(ids) -> str:
    """A list as Haravan takes it."""
    return ",".join(map(str, ids))


def batches(ids: list, size: int = BATCH) -> list[list]:
    """As many at a time as Haravan takes."""
    return [ids[start : start + size] for start in range(0, len(ids), size)]


def products(pages: int) -> list[dict]:
    """Products, page by page, until there are no more or enough."""
    found = []
    for page in range(1, pages + 1):
        came = get("/com/products.json", page=page, limit=BATCH).json["products"]
        if not came:
            break
        found += came
    return found


def rows(variants, locations, **more) -> list[dict]:
    """The rows of a question, by id: without `order` Haravan's own order is anybody's guess."""
    query = {"location_ids": joined(locations), "variant_ids": joined(variants), **more}
    answer = get("/com/inventory_locations.json", **query)
    return sorted(answer.json["inventory_locations"], key=lambda row: int(row["id"]))
