"""What schemathesis cannot know of this API: the forms of its views, and where it takes more than it promises."""

import itertools
import json
from urllib.parse import parse_qsl, unquote, urlsplit

import schemathesis
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.specs.openapi.checks import negative_data_rejection

# The document says `int64`, for languages whose integers are that long; what is taken is all of an unsigned one.
BEYOND_INT64 = range(2**63, 2**64)

# Switches, which are taken as `0` and `1` too, and in capitals.
SWITCHES = {"partial", "explain", "breakdown", "pickup"}

# Lists, which are never taken as left out where they are there and empty.
LISTS = {"location_ids", "variant_ids", "vatiant_ids", "lines"}

# Choices, which are taken in capitals too.
CHOICES = {"order", "direction", "group_by", "level", "pooling", "format"}

# Amounts, which are taken with decimals too; the document has them as text, so that no client rounds them.
AMOUNTS = {"min_shortage", "buffer", "cap", "threshold"}

# The forms that a view can be had in, by turns.
FORMS = itertools.cycle(["application/json", "text/csv", "application/x-ndjson"])


@schemathesis.hook
def before_call(_context, case, _kwargs):
    """Asks a view for each of its forms: the document cannot name `Accept` as a parameter."""
    answers = case.operation.definition.raw["responses"].get("200", {}).get("content", {})
    if "text/csv" in answers:
        case.headers.setdefault("Accept", next(FORMS))


@schemathesis.hook
def filter_path_parameters(_context, path_parameters):
    """Leaves out what the document cannot say of a path that is passed on: that nothing in it may lead elsewhere."""
    path = (path_parameters or {}).get("path")
    if not isinstance(path, str):
        return True
    # It is encoded already.
    letters = unquote(path)
    is_plain = all(letter.isprintable() and letter not in "/\\" for letter in letters)
    return is_plain and letters.split(";")[0] not in {".", ".."}


@schemathesis.check
def what_is_wrong_is_refused(ctx, response, case):
    """`negative_data_rejection`, but for what is taken on purpose."""
    try:
        return negative_data_rejection(ctx, response, case)
    except AcceptedNegativeData:
        if is_taken_on_purpose(response.request):
            return None
        raise


def is_taken_on_purpose(request):
    """Whether a request holds one of the values that are taken beyond the document."""
    url = urlsplit(request.url)
    given = [("", piece) for piece in url.path.split("/")] + parse_qsl(url.query, keep_blank_values=True)
    if request.body:
        body = json.loads(request.body)
        members = body.items() if isinstance(body, dict) else []
        given += [(name, item) for name, value in members for item in (value if isinstance(value, list) else [value])]
        # The lines of an order.
        given += [member for _, item in given if isinstance(item, dict) for member in item.items()]
        if isinstance(body, dict) and body.get("prefer") == []:
            return True
    taken = (is_long_of, is_switch, is_decimal, is_no_preference, is_empty, is_loud)
    return any(is_taken(name, value) for name, value in given for is_taken in taken)


def is_long_of(_name, value):
    """Whether a value, whatever it is called, is such an integer."""
    return is_long(value)


def is_no_preference(name, value):
    """Whether a value names no location to prefer, which is as good as no preference."""
    return name == "prefer" and isinstance(value, str) and not any(letter.isdigit() for letter in value)


def is_empty(name, value):
    """Whether a single value is there and empty, which is as good as left out."""
    return name and name not in LISTS and isinstance(value, str) and not value.strip()


def is_loud(name, value):
    """Whether a word is written in capitals."""
    return name in SWITCHES | CHOICES and isinstance(value, str) and value != value.lower()


def is_long(value):
    """Whether a value is an integer of 64 bits without a sign, but none with one."""
    try:
        return int(value) in BEYOND_INT64
    except (TypeError, ValueError, OverflowError):
        return False


def is_switch(name, value):
    """Whether a value is a switch's number."""
    return name in SWITCHES and value in (0, 1)


def is_decimal(name, value):
    """Whether a value is an amount's number with decimals."""
    return name in AMOUNTS and isinstance(value, float)
