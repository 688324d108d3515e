"""Schemas are guessed from the first rows."""

from decimal import Decimal

import pytest

from datasets.schemas import FieldType, Index, SchemaInvalid, infer_schema

S, I, N, B, D = (  # noqa: E741 - as short as the columns of the table below
    FieldType.STRING,
    FieldType.INTEGER,
    FieldType.NUMBER,
    FieldType.BOOLEAN,
    FieldType.DATE,
)

CELLS = [
    pytest.param(["1", "22"], I, id="integers"),
    pytest.param(["1", "2.5"], N, id="integers-and-decimals"),
    pytest.param(["1.5", "", "NaN"], N, id="decimals-and-nothing"),
    pytest.param(["1e5"], N, id="exponent"),
    pytest.param(["007"], S, id="leading-zero"),
    pytest.param(["0", "-1"], I, id="zero"),
    pytest.param(["0.5"], N, id="zero-point"),
    pytest.param(["1" * 35], S, id="too-many-digits"),
    pytest.param(["true", "False"], B, id="booleans"),
    pytest.param(["true", "1"], S, id="boolean-and-number"),
    pytest.param(["2004-08-19", "2004-08-20"], D, id="dates"),
    pytest.param(["Jan 1 2000"], D, id="named-month"),
    pytest.param(["2017-04-19 09:00:00"], D, id="times"),
    pytest.param(["2004-08-19", "soon"], S, id="date-and-text"),
    pytest.param(["20040819"], I, id="digits-are-a-number"),
    pytest.param(["12:30"], S, id="time-of-day"),
    pytest.param(["", ""], S, id="nothing-at-all"),
    pytest.param(["5", "x"], S, id="number-and-text"),
    pytest.param(["1,5"], S, id="comma"),
]


@pytest.mark.parametrize(("cells", "type_"), CELLS)
def test_type_of_a_csv_column_is_the_narrowest(cells, type_):
    inferred = infer_schema([{"a": cell} for cell in cells], text_cells=True)

    assert inferred.fields[0].type is type_


VALUES = [
    pytest.param([1, 2], I, id="integers"),
    pytest.param([1, Decimal("2.5")], N, id="numbers"),
    pytest.param([True, None], B, id="booleans"),
    pytest.param(["2004-08-19"], D, id="dates"),
    pytest.param(["20040819"], S, id="digits-in-quotes"),
    pytest.param(["5"], S, id="number-in-quotes"),
    pytest.param([5, "5"], FieldType.ANY, id="mixed"),
    pytest.param([True, 1], FieldType.ANY, id="boolean-and-number"),
    pytest.param([None], FieldType.ANY, id="only-null"),
    pytest.param([[1], []], FieldType.ARRAY, id="arrays"),
    pytest.param([{"a": 1}], FieldType.OBJECT, id="objects"),
    pytest.param([""], S, id="empty-text"),
]


@pytest.mark.parametrize(("values", "type_"), VALUES)
def test_type_of_a_json_field_is_the_narrowest(values, type_):
    inferred = infer_schema([{"a": value} for value in values], text_cells=False)

    assert inferred.fields[0].type is type_


def test_column_is_described_for_the_person_who_corrects():
    rows = [{"a": "x"}, {"a": "y" * 70}, {"a": "x"}, {"b": "1"}]

    field = infer_schema(rows, text_cells=True).fields[0]

    assert field.examples == ("x", "y" * 60 + "…")
    assert field.distinct == 2
    assert field.nullable


def test_daily_prices_have_a_date_and_no_key():
    rows = [
        {"Date": "2004-08-19", "Open": "100", "Close": "100.34", "Volume": "22351900"},
        {"Date": "2004-08-20", "Open": "101.01", "Close": "108.31", "Volume": "114286"},
    ]

    inferred = infer_schema(rows, text_cells=True)

    assert [field.type for field in inferred.fields] == [D, N, N, I]
    assert (inferred.key, inferred.date) == ("", "Date")


def test_monthly_prices_have_symbol_as_key():
    rows = [
        {"symbol": symbol, "date": f"{month} 1 2000", "price": "39.81"}
        for symbol in ("MSFT", "AMZN")
        for month in ("Jan", "Feb", "Mar")
    ]

    inferred = infer_schema(rows, text_cells=True)

    assert [field.type for field in inferred.fields] == [S, D, N]
    assert (inferred.key, inferred.date) == ("symbol", "date")


KEYS = [
    pytest.param([{"symbol": "A"}], "symbol", id="named"),
    pytest.param([{"Ticker": "A", "price": 1}], "Ticker", id="named-in-other-case"),
    pytest.param([{"device_id": "A", "note": "x"}], "device_id", id="id-of-something"),
    pytest.param([{"deviceId": 7}], "deviceId", id="integer-id"),
    pytest.param([{"id": "u1", "x": 1}], "", id="lone-id-may-be-the-record"),
    pytest.param([{"id": "u1"}, {"id": "u1"}], "id", id="repeated-id"),
    pytest.param(
        [{"order_id": str(n), "city": "Rome"} for n in range(6)], "city", id="repeated"
    ),
    pytest.param([{"city": "Rome"}] * 3 + [{"city": None}], "", id="null-is-no-key"),
    pytest.param([{"note": "long " * 40}] * 4, "", id="long-texts"),
    pytest.param([{"paid": "yes"}, {"paid": "no"}], "", id="paid-is-no-id"),
    pytest.param([{"price": Decimal("1.5")}] * 4, "", id="decimals"),
    pytest.param([], "", id="no-rows"),
]


@pytest.mark.parametrize(("rows", "key"), KEYS)
def test_key_is_suggested(rows, key):
    assert infer_schema(rows, text_cells=False).key == key


DATES = [
    pytest.param([{"a": "2004-08-19"}], "a", id="any-date"),
    pytest.param(
        [{"a": "2004-08-19", "created_at": "2004-08-19"}], "created_at", id="n"
    ),
    pytest.param([{"latestUpdate": 1683912345678}], "latestUpdate", id="milliseconds"),
    pytest.param([{"ts": 1683912345}], "ts", id="seconds"),
    pytest.param([{"volume": 1683912345}], "", id="number-of-another-name"),
    pytest.param([{"time": 5}], "", id="small-number"),
]


@pytest.mark.parametrize(("rows", "date"), DATES)
def test_date_column_is_suggested(rows, date):
    assert infer_schema(rows, text_cells=False).date == date


def test_days_in_digits_are_dates_under_a_name_that_says_so():
    rows = [{"day": "20040819", "price": "1"}, {"day": "20040820", "price": "2"}]

    inferred = infer_schema(rows, text_cells=True)

    assert inferred.fields[0].type is D
    assert inferred.date == "day"


def test_guessed_schema_is_lenient_but_for_the_key():
    inferred = infer_schema(
        [{"symbol": "A", "price": "1", "at": "2004-08-19 10:00"}], text_cells=True
    )

    schema = inferred.to_schema()

    assert schema.to_document() == {
        "type": "object",
        "properties": {
            "symbol": {"type": "string"},
            "price": {"type": ["integer", "null"]},
            "at": {"type": ["string", "null"], "format": "date-time"},
        },
        "required": ["symbol"],
    }


def test_chosen_index_overrides_the_suggestion():
    inferred = infer_schema([{"symbol": "A", "venue": "X"}], text_cells=True)

    schema = inferred.to_schema(Index(key="venue"))

    assert schema.to_document()["required"] == ["venue"]


def test_only_the_sample_is_read():
    rows = iter([{"a": "1"}, {"a": "2"}, {"a": "x"}])

    inferred = infer_schema(rows, text_cells=True, limit=2)

    assert inferred.rows == 2
    assert next(rows) == {"a": "x"}


def test_too_many_columns_are_refused_by_the_schema():
    inferred = infer_schema([dict.fromkeys(map(str, range(5000)), 1)], text_cells=False)

    with pytest.raises(SchemaInvalid, match="at most 2000"):
        inferred.to_schema()
