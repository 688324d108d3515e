"""Exact JSON in and out: numbers keep their digits, and nothing that breaks us enters.

msgspec does the work. What it lets through, or dies of, is looked for in linear passes
around it: each pass answers "perhaps" in a few microseconds, and only then `_scan`
walks the tokens and names the place.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, NoReturn

import msgspec

DEPTH_LIMIT: Final = 64
DIGITS_LIMIT: Final = 34
EXPONENT_LIMIT: Final = 400

_BOM: Final = b"\xef\xbb\xbf"
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
_CONTAINERS: Final = frozenset((dict, list))

_decoder: Final = msgspec.json.Decoder(float_hook=Decimal)
_encoder: Final = msgspec.json.Encoder(decimal_format="number")

#: Every character of a number as one of `0`, `e` and `-`, so that a number that is
#: perhaps too long or too large shows as a fixed run of bytes.
_SHAPES: Final = bytes.maketrans(b"123456789.E+", b"0000000000e-")
_LONG: Final = b"0" * (DIGITS_LIMIT + 1)
_NUMBER_TO_CHECK: Final = re.compile(
    rb"(?:^|[\[:,\s])-?(?:[0-9.]{35}|[0-9.]+[eE][+-]?[0-9]{3})"
)
_SURROGATE_ESCAPE: Final = re.compile(rb"\\u[dD][89a-fA-F]")

_TOKEN: Final = re.compile(
    rb"""
      (?P<text>"[^"\\]*+(?:\\.[^"\\]*+)*+"?)(?P<colon>[ \t\r\n]*+:)?+
    | (?P<open>[\[{])
    | (?P<close>[\]}])
    | (?P<number>-?[0-9][0-9.eE+-]*+)
    | (?P<word>-?[A-Za-z]++)
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE: Final = re.compile(rb"\\(?:u([0-9a-fA-F]{4})|.)", re.DOTALL)
_NUMBER: Final = re.compile(rb"-?([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?\Z")
_BYTE: Final = re.compile(r"(.*) \(byte (\d+)\)\Z", re.DOTALL)
_NOT_NUMBERS: Final = frozenset((b"NaN", b"-NaN", b"Infinity", b"-Infinity"))


class JsonInvalid(ValueError):
    """The text is not JSON that we take; `detail` says what, where and how to mend it.

    `offset` counts bytes from the start of the text.
    """

    def __init__(self, code: str, detail: str, offset: int) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.offset = offset


def decode(data: bytes) -> object:
    """Return the value of one JSON text, with decimals as `Decimal`.

    The size is the caller's to limit.

    1. The text must be UTF-8; a byte order mark is tolerated.
    2. Numbers that are too long or too large, NUL and lone surrogates are refused.
    3. msgspec decodes it.
    4. Depth, and the number of names in the text against the members of the value:
       fewer members mean that a name stood twice.

    Raises:
        JsonInvalid: naming line and column.
    """
    text = _open(data)
    try:
        value = _decoder.decode(text)
    except (msgspec.MsgspecError, RecursionError) as error:
        _explain(text, error)
    _check_shape(text, [value])
    return value


def decode_lines(data: bytes) -> list[object]:
    """Return the values of a JSON Lines text, blank lines left out.

    Raises:
        JsonInvalid: naming line and column.
    """
    if not data.removeprefix(_BOM).strip():
        return []
    text = _open(data)
    try:
        values = _decoder.decode_lines(text)
    except (msgspec.MsgspecError, RecursionError) as error:
        _explain(text, error)
    _check_shape(text, values)
    return values


def decode_trusted(text: str | bytes) -> object:
    """Return the value of JSON that `encode` or the database wrote, unchecked."""
    return _decoder.decode(text)


def encode(value: object) -> bytes:
    """Return `value` as JSON: members in their order, decimals digit by digit.

    Raises:
        ValueError: for a decimal that is NaN or infinite; JSON has no such number.
    """
    text = _encoder.encode(value)
    if (b"NaN" in text or b"Infinity" in text) and not _is_finite(value):
        raise ValueError("NaN and Infinity have no JSON; leave the value out or null.")
    return text


def _open(data: bytes) -> bytes:
    """Return the text without its byte order mark, looked over before decoding."""
    if data.startswith(_UTF_16):
        raise JsonInvalid(
            "json_encoding", "The text is UTF-16; JSON is sent as UTF-8.", 0
        )
    text = data.removeprefix(_BOM)
    if not text or text.isspace():
        raise JsonInvalid("json_empty", "The text is empty; JSON was expected.", 0)
    if not text.isascii():
        _check_encoding(text)
    if _may_hide_something(text):
        _scan(text)
    return text


def _check_encoding(text: bytes) -> None:
    try:
        text.decode()
    except UnicodeDecodeError as error:
        place = _place(text, error.start)
        raise JsonInvalid(
            "json_encoding",
            f"The text is not UTF-8 at {place}; send it encoded as UTF-8.",
            error.start,
        ) from None


def _may_hide_something(text: bytes) -> bool:
    """Say whether the text may hold what msgspec takes and we do not."""
    if b"\\u0000" in text:
        return True
    if b"\\u" in text and _SURROGATE_ESCAPE.search(text):
        return True
    shapes = text.translate(_SHAPES)
    is_suspect = _LONG in shapes or b"0e000" in shapes or b"0e-000" in shapes
    return is_suspect and _NUMBER_TO_CHECK.search(text) is not None


def _check_shape(text: bytes, values: list[object]) -> None:
    """Refuse what is too deep or names a member twice, by counting.

    A name is followed by a colon, or by one white space and more; texts that hold such
    pairs only make the bound looser, and `_scan` decides.
    """
    members = depth = 0
    level: list[object] = [value for value in values if type(value) in _CONTAINERS]
    while level:
        depth += 1
        members += sum(len(node) for node in level if type(node) is dict)
        level = [
            child
            for node in level
            for child in _children(node)
            if type(child) in _CONTAINERS
        ]
    names = sum(text.count(end) for end in (b'":', b" :", b"\t:", b"\n:", b"\r:"))
    if depth > DEPTH_LIMIT or names > members:
        _scan(text)


def _children(node: object) -> Collection[object]:
    if type(node) is dict:
        return node.values()
    return node if type(node) is list else ()


@dataclass(slots=True, kw_only=True)
class _Open:
    """An object or array that is not closed yet, with the names it has seen."""

    names: set[object] = field(default_factory=set)


def _scan(text: bytes) -> None:
    """Walk the tokens of any text, well-formed or not, and refuse the first bad one."""
    stack = [_Open()]
    for token in _TOKEN.finditer(text):
        kind = token.lastgroup
        if kind in ("text", "colon"):
            _check_string(text, token)
            if kind == "colon":
                _check_name(text, token, stack[-1].names)
        elif kind == "number":
            _check_number(text, token)
        elif kind == "open":
            stack.append(_Open())
            _check_depth(text, token, len(stack) - 1)
        elif kind == "close" and len(stack) > 1:
            stack.pop()
        elif kind == "word":
            _check_word(text, token)


def _check_string(text: bytes, token: re.Match[bytes]) -> None:
    raw = token["text"]
    if b"\\u" not in raw:
        return
    for unit, at in _lone_units(raw):
        offset = token.start() + at
        if unit == 0:
            code, what = "json_nul", "the character NUL (\\u0000)"
        else:
            code, what = "json_surrogate", f"half a surrogate pair (\\u{unit:04x})"
        raise JsonInvalid(
            code,
            f"A text holds {what} at {_place(text, offset)}; take it out.",
            offset,
        )


def _lone_units(raw: bytes) -> Iterator[tuple[int, int]]:
    """Yield NUL and surrogates without their other half, with their places."""
    high: tuple[int, int] | None = None  # the surrogate, and where its escape begins
    for escape in _ESCAPE.finditer(raw):
        unit = int(escape[1], 16) if escape[1] else -1
        is_pair = high is not None and escape.start() == high[1] + 6
        if 0xDC00 <= unit <= 0xDFFF and is_pair:
            high = None
            continue
        if high is not None:
            yield high
        high = (unit, escape.start()) if 0xD800 <= unit <= 0xDBFF else None
        if unit == 0 or 0xDC00 <= unit <= 0xDFFF:
            yield unit, escape.start()
    if high is not None:
        yield high


def _check_name(text: bytes, token: re.Match[bytes], names: set[object]) -> None:
    raw = token["text"]
    try:
        name = _decoder.decode(raw)
    except msgspec.MsgspecError:
        return  # not JSON; the decoder says so better
    if name in names:
        shown = raw.decode()
        raise JsonInvalid(
            "json_duplicate_name",
            f"The name {shown} stands twice in one object, at "
            f"{_place(text, token.start())}; send each name once.",
            token.start(),
        )
    names.add(name)


def _check_number(text: bytes, token: re.Match[bytes]) -> None:
    number = _NUMBER.match(token[0])
    if number is None:
        return  # not JSON; the decoder says so better
    whole, fraction, exponent = number.groups(b"")
    offset = token.start()
    digits = len((whole + fraction).lstrip(b"0"))
    if digits > DIGITS_LIMIT:
        raise JsonInvalid(
            "json_digits",
            f"A number has {digits} digits at {_place(text, offset)}; at most "
            f"{DIGITS_LIMIT} are kept exactly: round it, or send it as text.",
            offset,
        )
    is_far = len(exponent.lstrip(b"+-0")) > 4
    if is_far or abs(Decimal(token[0].decode()).adjusted()) > EXPONENT_LIMIT:
        raise JsonInvalid(
            "json_exponent",
            f"A number is out of range at {_place(text, offset)}; its size must lie "
            f"within 1e-{EXPONENT_LIMIT} and 1e{EXPONENT_LIMIT}.",
            offset,
        )


def _check_depth(text: bytes, token: re.Match[bytes], depth: int) -> None:
    if depth > DEPTH_LIMIT:
        raise JsonInvalid(
            "json_depth",
            f"Objects and arrays are nested deeper than {DEPTH_LIMIT} levels at "
            f"{_place(text, token.start())}; flatten the value.",
            token.start(),
        )


def _check_word(text: bytes, token: re.Match[bytes]) -> None:
    if token[0] in _NOT_NUMBERS:
        raise JsonInvalid(
            "json_not_a_number",
            f"{token[0].decode()} at {_place(text, token.start())} is no JSON number; "
            "leave the value out or send null.",
            token.start(),
        )


def _explain(text: bytes, error: Exception) -> NoReturn:
    """Raise the most helpful error for a text that did not decode."""
    _scan(text)
    found = _BYTE.match(str(error))
    if found is None:
        offset = len(text)
        reason = "the text ends too early; a quote, bracket or brace is not closed"
    else:
        offset = int(found[2])
        reason = found[1].removeprefix("JSON is malformed: ")
    raise JsonInvalid(
        "json_malformed",
        f"Not valid JSON at {_place(text, offset)}: {reason}.",
        offset,
    ) from None


def _place(text: bytes, offset: int) -> str:
    before = text[:offset]
    line_start = before.rfind(b"\n") + 1
    column = len(before[line_start:].decode(errors="replace")) + 1
    line = before.count(b"\n") + 1
    return f"line {line}, column {column}"


def _is_finite(value: object) -> bool:
    if isinstance(value, Decimal):
        return value.is_finite()
    return all(_is_finite(child) for child in _children(value))
