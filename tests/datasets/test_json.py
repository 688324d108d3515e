"""JSON goes in and out without changing a digit."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.json import JsonInvalid, decode, decode_lines, decode_trusted, encode

INTEGERS = st.integers(min_value=-(10**34) + 1, max_value=10**34 - 1)
DECIMALS = st.builds(
    lambda sign, digits, exponent: Decimal((sign, digits, exponent)),
    st.integers(0, 1),
    st.lists(st.integers(0, 9), min_size=1, max_size=34).map(tuple),
    st.integers(-366, 366),
)
NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | INTEGERS | DECIMALS | NAMES,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(NAMES, inner),
    max_leaves=30,
)


@given(INTEGERS)
def test_integers_to_34_digits_come_back_as_sent(number):
    assert decode(str(number).encode()) == number
    assert encode(number) == str(number).encode()


@given(DECIMALS)
def test_decimals_to_34_digits_come_back_digit_by_digit(number):
    back = decode_trusted(encode(number))

    # Decimal("-0") is written as the JSON integer -0, which is the integer 0.
    assert str(back) == str(number) or number.is_zero()


@given(DECIMALS)
def test_what_is_within_the_limits_is_decoded(number):
    text = str(number)
    digits = len(number.as_tuple().digits)

    value = decode(f"[{text}]".encode())

    assert digits <= 34
    assert value == [number]


@given(VALUES)
def test_values_survive_a_round_trip(value):
    assert decode(encode(value)) == value


def refusal(data: bytes) -> JsonInvalid | None:
    try:
        decode(data)
    except JsonInvalid as refused:
        return refused
    return None


@given(st.binary(max_size=60))
def test_any_bytes_are_decoded_or_refused(data):
    refused = refusal(data)

    assert refused is None or 0 <= refused.offset <= len(data)


@given(st.text('{}[]",:\\u0d8eE+-19 \nNaN', max_size=60))
def test_any_json_like_text_is_decoded_or_refused(text):
    data = text.encode()
    if refusal(data) is None:
        value = decode(data)

        assert decode(encode(value)) == value


def test_members_keep_their_order():
    text = b'{"z":1,"a":2.50,"m":[true,null]}'

    assert encode(decode(text)) == text


def test_trailing_zeros_are_kept():
    assert encode({"price": Decimal("310.50")}) == b'{"price":310.50}'


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity"])
def test_numbers_without_json_are_not_written(text):
    with pytest.raises(ValueError, match="no JSON"):
        encode({"a": [{"b": Decimal(text)}]})


def test_the_word_nan_in_a_text_is_written():
    assert encode(["NaN", Decimal(1)]) == b'["NaN",1]'


def test_instants_are_written_in_utc():
    instant = datetime(2023, 5, 12, 14, 30, tzinfo=UTC)

    assert encode(instant) == b'"2023-05-12T14:30:00Z"'


def test_json_lines_are_read_with_blank_lines_and_mark():
    data = b'\xef\xbb\xbf{"a":1}\r\n\n{"a":2.50}\n'

    assert decode_lines(data) == [{"a": 1}, {"a": Decimal("2.50")}]


def test_no_json_lines_are_an_empty_list():
    assert decode_lines(b"\n \n") == []
