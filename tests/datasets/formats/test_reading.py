"""Files of every kind become rows, or say where they cannot."""

import gzip
import io
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.formats import (
    Detected,
    Format,
    FormatInvalid,
    Row,
    RowProblem,
    detect_format,
    open_rows,
)
from datasets.json import encode

TABLE = b"symbol,price\nMSFT,310.50\nSHOP,80\n"
TABLE_ROWS = [
    Row(2, {"symbol": "MSFT", "price": "310.50"}),
    Row(3, {"symbol": "SHOP", "price": "80"}),
]


def read(data: bytes, filename: str = "", content_type: str = "") -> list[object]:
    stream = io.BytesIO(data)
    return list(open_rows(stream, filename=filename, content_type=content_type))


def invalid(data: bytes, max_bytes: int = 2**30) -> FormatInvalid:
    with pytest.raises(FormatInvalid) as caught:
        list(open_rows(io.BytesIO(data), max_bytes=max_bytes))
    assert caught.value.detail.endswith((".", "?"))
    return caught.value


def lone_problem(data: bytes) -> RowProblem:
    (problem,) = (row for row in read(data) if isinstance(row, RowProblem))
    assert problem.detail.endswith(".")
    return problem


CSV, JSON, LINES = Format.CSV, Format.JSON, Format.JSON_LINES
KINDS = [
    pytest.param(TABLE, "", "", Detected(format=CSV), id="csv"),
    pytest.param(
        b"a\tb\n1\t2,5\n", "", "", Detected(format=CSV, delimiter="\t"), id="t"
    ),
    pytest.param(
        b"a;b\n1,5;2,5\n", "", "", Detected(format=CSV, delimiter=";"), id="s"
    ),
    pytest.param(b"a|b\n1|2\n", "", "", Detected(format=CSV, delimiter="|"), id="pipe"),
    pytest.param(b"a\n1\n", "", "", Detected(format=CSV), id="one-column"),
    pytest.param(
        b"a,b\n1,2\n", "x.TSV", "", Detected(format=CSV, delimiter="\t"), id="named-tsv"
    ),
    pytest.param(
        b'"x,y,z"|b\n1|2\n', "", "", Detected(format=CSV, delimiter="|"), id="quoted"
    ),
    pytest.param(b'\n [{"a":1}]', "x.csv", "", Detected(format=JSON), id="array"),
    pytest.param(b'{"a":\n1}', "", "", Detected(format=JSON), id="object"),
    pytest.param(b'{"a":1}', "", "", Detected(format=LINES), id="object-in-a-line"),
    pytest.param(b'{"a":1}\n{"a":2}', "", "", Detected(format=LINES), id="lines"),
    pytest.param(b'{"a":NaN}\n{"a":2}', "", "", Detected(format=LINES), id="bad-line"),
    pytest.param(b"12", "", "application/json", Detected(format=JSON), id="said-json"),
    pytest.param(b"12", "x.jsonl", "", Detected(format=LINES), id="named-jsonl"),
    pytest.param(
        b"12", "", "application/x-ndjson; charset=utf-8", Detected(format=LINES), id="n"
    ),
    pytest.param(b"", "", "text/plain", Detected(format=CSV), id="empty"),
    pytest.param(
        gzip.compress(b'[{"a":1}]'), "", "", Detected(format=JSON, is_gzip=True), id="z"
    ),
    pytest.param(
        gzip.compress(b"a,b\n1,2\n"),
        "x.tsv.gz",
        "",
        Detected(format=CSV, delimiter="\t", is_gzip=True),
        id="gzipped-tsv",
    ),
    pytest.param(
        "\ufeffa,b\n".encode(),
        "",
        "",
        Detected(format=CSV, encoding="utf-8-sig"),
        id="byte-order-mark",
    ),
]


@pytest.mark.parametrize(("sample", "filename", "content_type", "detected"), KINDS)
def test_kind_of_file_is_told(sample, filename, content_type, detected):
    assert detect_format(sample, filename, content_type) == detected


TABLES = [
    pytest.param(TABLE, TABLE_ROWS, id="plain"),
    pytest.param(TABLE.rstrip(), TABLE_ROWS, id="without-last-line-end"),
    pytest.param(TABLE.replace(b"\n", b"\r\n"), TABLE_ROWS, id="crlf"),
    pytest.param(TABLE.replace(b"\n", b"\r"), TABLE_ROWS, id="cr"),
    pytest.param(b"\xef\xbb\xbf" + TABLE, TABLE_ROWS, id="byte-order-mark"),
    pytest.param(TABLE.decode().encode("utf-16"), TABLE_ROWS, id="utf-16"),
    pytest.param(gzip.compress(TABLE), TABLE_ROWS, id="gzip"),
    pytest.param(TABLE.replace(b",", b"\t"), TABLE_ROWS, id="tabs"),
    pytest.param(TABLE.replace(b",", b"|"), TABLE_ROWS, id="pipes"),
    pytest.param(TABLE.replace(b"\n", b",,\n"), TABLE_ROWS, id="empty-last-columns"),
    pytest.param(
        b"\n,\nsymbol,price\n\nMSFT,310.50\n,\n",
        [Row(5, {"symbol": "MSFT", "price": "310.50"})],
        id="blank-rows",
    ),
    pytest.param(
        b'a,b\n"x, ""y""\nz",\n1,2\n',
        [Row(2, {"a": 'x, "y"\nz', "b": ""}), Row(4, {"a": "1", "b": "2"})],
        id="quoted-text-over-two-lines",
    ),
    pytest.param(b"a,b\n", [], id="header-alone"),
    pytest.param(b" a , b\n1,2\n", [Row(2, {"a": "1", "b": "2"})], id="spaced-header"),
]


@pytest.mark.parametrize(("data", "rows"), TABLES)
def test_table_is_read(data, rows):
    assert read(data) == rows


def test_columns_of_a_table_are_known_before_its_rows():
    stream = open_rows(io.BytesIO(TABLE))

    assert stream.columns == ("symbol", "price")
    assert stream.detected.has_text_cells


BAD_ROWS = [
    pytest.param(b"a,b\n1,2,3\n4,5\n", 2, "ragged", "1,2,3\n    ^", id="too-many"),
    pytest.param(b"a,b\n1\n4,5\n", 2, "ragged", "1\n ^", id="too-few"),
    pytest.param(
        b'a,b\n"x,y",2,3\n4,5\n', 2, "ragged", '"x,y",2,3\n        ^', id="after-quotes"
    ),
    pytest.param(b'a,b\n"x"y,2\n4,5\n', 2, "quoting", '"x"y,2\n^', id="after-quote"),
    pytest.param(b'a,b\n4,5\n1,"x\n', 3, "quoting", '1,"x\n  ^', id="open-quote"),
    pytest.param(b"a,b\n1,\xfc\n4,5\n", 2, "encoding", "1, \n  ^", id="not-utf-8"),
    pytest.param(b"a,b\n1,\0\n4,5\n", 2, "nul", "1, \n  ^", id="nul"),
    pytest.param(
        b'{"a":1}\n{"a":NaN}\n', 2, "json_not_a_number", '{"a":NaN}\n     ^', id="nan"
    ),
    pytest.param(
        b'{"a":1}\n{"a":1,"a":2}\n',
        2,
        "json_duplicate_name",
        '{"a":1,"a":2}\n       ^',
        id="name-twice",
    ),
    pytest.param(b'{"a":1}\n[1]\n', 2, "not_an_object", "[1]\n^", id="array-line"),
    pytest.param(b'{"a":1}\n{"a":\n', 2, "json_malformed", '{"a":\n     ^', id="torn"),
    pytest.param(
        b'[{"a":1},\n{"a":\n1,"b":01},{"a":2}]',
        3,
        "json_malformed",
        '1,"b":01}\n       ^',
        id="in-an-array",
    ),
]


@pytest.mark.parametrize(("data", "line", "code", "excerpt"), BAD_ROWS)
def test_bad_row_is_pointed_at_and_reading_goes_on(data, line, code, excerpt):
    problem = lone_problem(data)

    assert (problem.line, problem.code) == (line, code)
    assert problem.excerpt == excerpt
    assert f"line {line}" in problem.detail.lower()
    assert any(isinstance(row, Row) for row in read(data))


def test_excerpt_of_a_long_row_stays_short():
    problem = lone_problem(b"a,b\n" + b"x" * 5000 + b",2,3\n")

    shown, caret = problem.excerpt.split("\n")
    assert shown == "x" * 37 + ",2,3"
    assert caret == " " * 40 + "^"


def test_unclosed_quote_costs_at_most_what_it_swallows():
    rows = b"".join(b"%d,x\n" % number for number in range(60_000))

    found = read(b'a,b\n1,"x\n' + rows)

    assert isinstance(found[0], RowProblem)
    assert found[0].line == 2
    assert found[-1] == Row(60_002, {"a": "59999", "b": "x"})


OBJECTS = [
    pytest.param(b"[]", [], id="empty-array"),
    pytest.param(b' [ {"a":1} , {"a":2.50}\n]\n', [1, Decimal("2.50")], id="array"),
    pytest.param(b'\xef\xbb\xbf[{"a":1}]', [1], id="byte-order-mark"),
    pytest.param(b'{"a":\n1}', [1], id="one-object"),
    pytest.param(b'{"a":\n1}\n{"a":2}{"a":3}', [1, 2, 3], id="one-after-another"),
    pytest.param(b'{"a":1}\r\n\r\n{"a":2}\r\n', [1, 2], id="lines"),
    pytest.param(
        b'[{"a":"]},{[\\"\\\\"},{"a":[{"b":{}}]}]',
        ["]},{[" + '"\\', [{"b": {}}]],
        id="brackets-in-texts-and-inside",
    ),
    pytest.param(gzip.compress(b'[{"a":1}]'), [1], id="gzip"),
]


@pytest.mark.parametrize(("data", "values"), OBJECTS)
def test_objects_are_read(data, values):
    assert [row.values["a"] for row in read(data) if isinstance(row, Row)] == values


def test_objects_tell_the_line_they_begin_at():
    data = b'[\n{"a":1},\n\n{"a":\n2}, {"a":3}]'

    assert [row.line for row in read(data) if isinstance(row, Row)] == [2, 4, 5]


VALUES = st.dictionaries(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8),
    st.integers(-9, 9)
    | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
    | st.lists(st.sampled_from(['"', "[", "}", "\\"])),
    max_size=4,
)


@given(st.lists(VALUES, max_size=8), st.sampled_from([b",", b" ,\n", b",\r\n\t"]))
def test_array_is_cut_where_its_objects_end(values, separator):
    data = b"[" + separator.join(map(encode, values)) + b"]"

    assert [row.values for row in read(data) if isinstance(row, Row)] == values


class Drop:
    """A stream that gives as little as it may."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def read(self, size: int, /) -> bytes:
        return self._data.read(min(size, 7))


@pytest.mark.parametrize("data", [TABLE, gzip.compress(TABLE)])
def test_stream_that_trickles_is_read_whole(data):
    assert list(open_rows(Drop(data), content_type="text/csv")) == TABLE_ROWS


def test_object_over_several_chunks_is_read():
    events = [{"a": "x" * 50_000, "b": number} for number in range(7)]

    rows = read(encode(events))

    assert [row.values for row in rows if isinstance(row, Row)] == events


BAD_FILES = [
    pytest.param(b"", "empty", id="empty"),
    pytest.param(b"\n\n", "empty", id="blank-lines"),
    pytest.param(b"a,,b\n1,2,3\n", "header_name", id="nameless-column"),
    pytest.param(b"a,b, a\n1,2,3\n", "header_name", id="name-twice"),
    pytest.param(b"2004,100,7.5\n2005,101,8\n", "header_missing", id="no-header"),
    pytest.param(b'a,"b\n', "quoting", id="open-quote-in-header"),
    pytest.param(b"gr\xf6sse,b\n", "encoding", id="header-not-utf-8"),
    pytest.param(b"a," * 1999 + b"b\n", "header_name", id="same-names"),
    pytest.param(
        ",".join(f"f{number}" for number in range(2001)).encode() + b"\n",
        "too_many_fields",
        id="too-many-columns",
    ),
    pytest.param(b"x" * 300_000, "line_too_long", id="endless-line"),
    pytest.param(b'[{"a":1} {"a":2}]', "json_malformed", id="no-comma"),
    pytest.param(b'[{"a":1}', "json_malformed", id="array-not-closed"),
    pytest.param(b'[{"a":1}]]', "json_malformed", id="something-after"),
    pytest.param(b'[{"a":[}', "json_malformed", id="brackets-do-not-match"),
    pytest.param(b'[{"a":1},]', "not_an_object", id="trailing-comma"),
    pytest.param(b"[1,2]", "not_an_object", id="array-of-numbers"),
    pytest.param(b'{"a":\n1} x', "not_an_object", id="word-after-object"),
    pytest.param(b"[" + b"[" * 100_000, "not_an_object", id="deep"),
    pytest.param(b'[{"a":"' + b"x" * 2_000_000, "object_too_large", id="endless-text"),
    pytest.param(b'[{"a":' + b"[" * 2_000_000, "object_too_large", id="endless-depth"),
    pytest.param(b'{"a":1}\n{' + b" " * 2_000_000, "object_too_large", id="long-line"),
    pytest.param(gzip.compress(TABLE)[:-9], "gzip", id="gzip-cut-off"),
    pytest.param(b"\x1f\x8bnothing of the sort", "gzip", id="gzip-in-name-only"),
    pytest.param(gzip.compress(TABLE)[:-8] + b"\0" * 8, "gzip", id="gzip-bad-sum"),
    pytest.param(b"\xff\xfea\0,\0b\0\n\0\x00\xd8a\0\n\0", "encoding", id="bad-utf-16"),
]


@pytest.mark.parametrize(("data", "code"), BAD_FILES)
def test_file_that_cannot_be_read_says_why(data, code):
    assert invalid(data).code == code


def test_gzip_that_unpacks_to_too_much_is_refused():
    bomb = gzip.compress(b"a,b\n" + b"1,2\n" * 1_000_000)

    assert invalid(bomb, max_bytes=2**20).code == "file_too_large"


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data):
    with suppress(FormatInvalid):
        assert all(isinstance(row, Row | RowProblem) for row in read(data))
