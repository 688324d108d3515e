"""Family J: JSON that would break, blind or inflate us is refused with a sentence."""

import time

import pytest

from datasets.json import JsonInvalid, decode, decode_lines

DEEP = 64

REFUSED = [
    pytest.param(b"", "json_empty", 0, id="J01-empty"),
    pytest.param(b" \r\n", "json_empty", 0, id="J02-blank"),
    pytest.param(b"\xff\xfe[\x00]\x00", "json_encoding", 0, id="J03-utf-16"),
    pytest.param(b'["\xff"]', "json_encoding", 2, id="J04-not-utf-8"),
    pytest.param(b'"\xc0\x80"', "json_encoding", 1, id="J05-overlong-nul"),
    pytest.param(b'"\xed\xa0\x80"', "json_encoding", 1, id="J06-surrogate-bytes"),
    pytest.param(b'["\\u0000"]', "json_nul", 2, id="J07-nul"),
    pytest.param(b'{"\\u0000":1}', "json_nul", 2, id="J07-nul-in-a-name"),
    pytest.param(b'"\\\\\\u0000"', "json_nul", 3, id="J07-nul-after-a-backslash"),
    pytest.param(b'"a\x00b"', "json_malformed", 2, id="J08-raw-control-character"),
    pytest.param(b'["\\ud800"]', "json_surrogate", 2, id="J09-high-surrogate"),
    pytest.param(b'["\\udc00x"]', "json_surrogate", 2, id="J09-low-surrogate"),
    pytest.param(b'"\\ud800\\ud800"', "json_surrogate", 1, id="J09-two-high"),
    pytest.param(b'"\\udC00\\uD800"', "json_surrogate", 1, id="J09-wrong-order"),
    pytest.param(b'"\\ud83d \\ude00"', "json_surrogate", 1, id="J09-torn-pair"),
    pytest.param(b'{"a":NaN}', "json_not_a_number", 5, id="J10-nan"),
    pytest.param(b"[Infinity]", "json_not_a_number", 1, id="J11-infinity"),
    pytest.param(b"-Infinity", "json_not_a_number", 0, id="J11-minus-infinity"),
    pytest.param(b"[1, " + b"1" * 35 + b"]", "json_digits", 4, id="J12-35-digits"),
    pytest.param(b"1" + b"0" * 34, "json_digits", 0, id="J12-35-digits-round"),
    pytest.param(b"-0." + b"1" * 35, "json_digits", 0, id="J12-35-decimals"),
    pytest.param(b"9" * 5000, "json_digits", 0, id="J13-5000-digits"),
    pytest.param(b"[1e401]", "json_exponent", 1, id="J14-too-large"),
    pytest.param(b"12E+400", "json_exponent", 0, id="J14-too-large-by-its-digits"),
    pytest.param(b"1e-401", "json_exponent", 0, id="J14-too-small"),
    pytest.param(b"0." + b"0" * 400 + b"1", "json_exponent", 0, id="J14-written-out"),
    pytest.param(b"1e" + b"9" * 30, "json_exponent", 0, id="J15-endless-exponent"),
    pytest.param(b"0e999999999", "json_exponent", 0, id="J15-zero-far-away"),
    pytest.param(b"01", "json_malformed", 1, id="J16-leading-zero"),
    pytest.param(b"[.5]", "json_malformed", 1, id="J16-leading-point"),
    pytest.param(b"1.", "json_malformed", 2, id="J16-trailing-point"),
    pytest.param(b"0x1F", "json_malformed", 2, id="J16-hexadecimal"),
    pytest.param(
        b"[" * (DEEP + 1) + b"]" * (DEEP + 1), "json_depth", DEEP, id="J17-deep"
    ),
    pytest.param(b"[" * 500_000, "json_depth", DEEP, id="J18-very-deep"),
    pytest.param(b'{"a":' * 100_000, "json_depth", 5 * DEEP, id="J18-deep-objects"),
    pytest.param(b'{"a":1,"a":2}', "json_duplicate_name", 7, id="J19-name-twice"),
    pytest.param(b'{"a" :1,"a"\n:2}', "json_duplicate_name", 8, id="J19-with-spaces"),
    pytest.param(b'{"a":1,"\\u0061":2}', "json_duplicate_name", 7, id="J19-escaped"),
    pytest.param(b'[{"b":{"a":0,"a":0}}]', "json_duplicate_name", 13, id="J19-inside"),
    pytest.param(b'{"":1,"":2}', "json_duplicate_name", 6, id="J19-empty-name"),
    pytest.param(b"[1,]", "json_malformed", 3, id="J20-trailing-comma"),
    pytest.param(b"{a:1}", "json_malformed", 1, id="J20-name-without-quotes"),
    pytest.param(b"{'a':1}", "json_malformed", 1, id="J20-single-quotes"),
    pytest.param(b'{"a":1', "json_malformed", 6, id="J20-not-closed"),
    pytest.param(b'["a', "json_malformed", 3, id="J20-open-text"),
    pytest.param(b'"\\', "json_malformed", 2, id="J20-open-escape"),
    pytest.param(b'"\\x"', "json_malformed", 3, id="J20-unknown-escape"),
    pytest.param(b"{}x", "json_malformed", 2, id="J20-something-after"),
    pytest.param(b"// c\n1", "json_malformed", 0, id="J20-comment"),
    pytest.param(b"[object Object]", "json_malformed", 1, id="J20-object-object"),
]


@pytest.mark.parametrize(("data", "code", "offset"), REFUSED)
def test_bad_json_is_refused_by_name_and_place(data, code, offset):
    with pytest.raises(JsonInvalid) as caught:
        decode(data)

    assert caught.value.code == code
    # msgspec counts some places from the character after the one it stumbled over.
    assert abs(caught.value.offset - offset) <= 1
    assert caught.value.detail.endswith(".")
    assert "msgspec" not in caught.value.detail


TAKEN = [
    pytest.param(b"\xef\xbb\xbf[1]", [1], id="byte-order-mark"),
    pytest.param(b'"\\\\u0000"', "\\u0000", id="escaped-backslash-is-no-nul"),
    pytest.param(b'"\\ud83d\\ude00"', "\U0001f600", id="surrogate-pair"),
    pytest.param(b'"\\\\ud800"', "\\ud800", id="escaped-backslash-is-no-surrogate"),
    pytest.param(b'{"a":":","b":"\\":"}', {"a": ":", "b": '":'}, id="colons-in-texts"),
    pytest.param(b'[{"a":1},{"a":2}]', [{"a": 1}, {"a": 2}], id="name-in-two-objects"),
    pytest.param(b'{"a":{"a":1}}', {"a": {"a": 1}}, id="name-at-two-depths"),
    pytest.param(b'"1e99999"', "1e99999", id="number-in-a-text"),
    pytest.param(b'"' + b"1" * 40 + b'"', "1111111111" * 4, id="long-number-in-a-text"),
    pytest.param(
        b'"a1e12345-0000-4000-8000-000000000000"',
        "a1e12345-0000-4000-8000-000000000000",
        id="uuid",
    ),
    pytest.param(b'"NaN"', "NaN", id="nan-in-a-text"),
    pytest.param(b"9" * 34, int("9" * 34), id="34-digits"),
    pytest.param(b'{"a:b":1}', {"a:b": 1}, id="colon-in-a-name"),
]


@pytest.mark.parametrize(("data", "value"), TAKEN)
def test_what_only_looks_bad_is_taken(data, value):
    assert decode(data) == value


def test_depth_of_exactly_the_limit_is_taken():
    value = decode(b'{"a":[' * 32 + b"]}" * 32)

    assert isinstance(value, dict)


def test_place_is_told_in_lines_and_characters():
    with pytest.raises(JsonInvalid, match=r"line 3, column 8\b"):
        decode('[\n1,\n"äöü", NaN]'.encode())


BOMBS = [
    pytest.param(b'["' + b'\\"' * 500_000, id="open-text-of-escaped-quotes"),
    pytest.param(b'"' * 1_000_000, id="quotes"),
    pytest.param(b"\\" * 1_000_000, id="backslashes"),
    pytest.param(b"[" + b"1" * 1_000_000 + b"]", id="one-huge-number"),
    pytest.param(b"[" + b"-" * 1_000_000 + b"]", id="minus-signs"),
    pytest.param(b"[" + b"1.1e" * 250_000 + b"]", id="exponents"),
    pytest.param(b"{}" * 500_000, id="closed-objects"),
    pytest.param(b"]" * 1_000_000, id="closing-brackets"),
    pytest.param(b'{"a":"' + b":" * 1_000_000, id="colons"),
    pytest.param(b"[" + b'"\\u0061",' * 120_000 + b"NaN]", id="escapes"),
    pytest.param(b"[" + b"1e9999, " * 120_000 + b"]", id="far-numbers"),
]


@pytest.mark.parametrize("data", BOMBS)
def test_a_megabyte_of_malice_costs_linear_time(data):
    begun = time.process_time()

    with pytest.raises(JsonInvalid):
        decode(data)

    assert time.process_time() - begun < 3


def test_many_suspicious_but_good_events_stay_quick():
    event = b'{"a":" 1e9999","b":": \\\\u0000","c":-1.5e100}'
    begun = time.process_time()

    values = decode(b"[" + b",".join([event] * 20_000) + b"]")

    assert isinstance(values, list)
    assert len(values) == 20_000
    assert time.process_time() - begun < 3


@pytest.mark.parametrize(
    ("data", "code"),
    [
        pytest.param(b'{"a":1}\n{"a":1,"a":2}', "json_duplicate_name", id="name-twice"),
        pytest.param(b'{"a":1}\n{"a":', "json_malformed", id="torn-line"),
        pytest.param(b'{"a":1}\nNaN', "json_not_a_number", id="nan"),
        pytest.param(b"[" * 70 + b"]" * 70, "json_depth", id="deep"),
        pytest.param(b'{"a":1},\n{"a":2}', "json_malformed", id="commas-between"),
    ],
)
def test_bad_line_refuses_json_lines(data, code):
    with pytest.raises(JsonInvalid) as caught:
        decode_lines(data)

    assert caught.value.code == code
