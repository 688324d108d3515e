"""Events are checked against the schema and prepared for storing."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from datasets.json import decode, encode
from datasets.schemas import (
    Checker,
    FieldProblem,
    Index,
    Prepared,
    apply_index,
    read_schema,
)

RECEIVED = datetime(2023, 5, 12, 14, 30, tzinfo=UTC)
PROPERTIES = {
    "symbol": {"type": "string"},
    "venue": {"type": "string"},
    "at": {"type": "string", "format": "date-time"},
    "price": {"type": "number"},
    "volume": {"type": "integer"},
    "open": {"type": "boolean"},
    "expiry": {"type": ["string", "null"], "format": "date"},
    "tags": {"type": "array"},
    "extra": {"type": "object"},
    "note": {},
    "name": {"type": "string"},
}


def checker(
    index: Index | None = None,
    *,
    required: tuple[str, ...] = (),
    is_open: bool = True,
    upper_keys: bool = False,
    zone: str = "UTC",
) -> Checker:
    chosen = Index(key="symbol") if index is None else index
    document = {
        "properties": PROPERTIES,
        "required": list(required),
        "additionalProperties": is_open,
    }
    return Checker(
        schema=apply_index(read_schema(document), chosen),
        index=chosen,
        zone=ZoneInfo(zone),
        upper_keys=upper_keys,
    )


def prepared(using: Checker, event: object) -> Prepared:
    outcome = using.check(event, received_at=RECEIVED)
    assert isinstance(outcome, Prepared), outcome
    return outcome


def problems(using: Checker, event: object) -> list[FieldProblem]:
    outcome = using.check(event, received_at=RECEIVED)
    assert isinstance(outcome, list), outcome
    return outcome


def refused(using: Checker, event: object) -> list[tuple[str, str]]:
    found = problems(using, event)
    assert all(problem.detail.endswith(".") for problem in found)
    return [(problem.pointer, problem.code) for problem in found]


def test_event_is_prepared_with_its_exact_text():
    event = decode(
        b'{"symbol":"MSFT","price":310.50,"volume":5,"open":true,"tags":[1],'
        b'"extra":{"a":null},"note":null,"expiry":null,"name":""}'
    )

    outcome = prepared(checker(), event)

    assert isinstance(event, dict)
    assert outcome == Prepared(
        key="MSFT",
        subkey="",
        event_time=RECEIVED,
        date=RECEIVED,
        body=event,
        text=encode(event),
        early=False,
    )


KEYS = [
    pytest.param("MSFT", "MSFT", id="text-as-it-is"),
    pytest.param("msft", "msft", id="case-kept"),
    pytest.param(" a:b@c.d ", " a:b@c.d ", id="any-characters"),
    pytest.param("*", "*", id="star"),
    pytest.param("k" * 1500, "k" * 1500, id="1500-bytes"),
]


@pytest.mark.parametrize(("value", "key"), KEYS)
def test_key_is_kept(value, key):
    assert prepared(checker(), {"symbol": value}).key == key


def test_integer_key_is_written_in_decimal():
    assert prepared(checker(Index(key="volume")), {"volume": -70}).key == "-70"


def test_dataset_without_key_column_has_one_key():
    assert prepared(checker(Index()), {"price": 1}).key == "_"


def test_key_in_capitals_is_stored_in_capitals_also_in_the_body():
    event = {"symbol": "brk.b", "price": 1}

    outcome = prepared(checker(upper_keys=True), event)

    assert outcome.key == "BRK.B"
    assert outcome.body == {"symbol": "BRK.B", "price": 1}
    assert event["symbol"] == "brk.b"


@pytest.mark.parametrize(
    ("event", "code"),
    [
        pytest.param({"price": 1}, "missing", id="missing"),
        pytest.param({"symbol": ""}, "missing", id="empty"),
        pytest.param({"symbol": None}, "null", id="null"),
        pytest.param({"symbol": 5}, "type", id="wrong-type"),
        pytest.param({"symbol": ["A"]}, "type", id="array"),
        pytest.param({"symbol": "k" * 1501}, "too_long", id="1501-bytes"),
        pytest.param({"symbol": "é" * 751}, "too_long", id="1502-bytes-in-utf-8"),
    ],
)
def test_event_without_usable_key_is_refused(event, code):
    assert refused(checker(), event) == [("/symbol", code)]


@pytest.mark.parametrize("value", [True, Decimal("1.0"), Decimal(5), {}, [1]])
def test_key_of_any_type_takes_texts_and_integers_only(value):
    assert refused(checker(Index(key="note")), {"note": value}) == [("/note", "type")]


def test_subkey_is_required_like_a_key():
    using = checker(Index(key="symbol", subkey="venue"))

    assert prepared(using, {"symbol": "A", "venue": "X"}).subkey == "X"
    assert refused(using, {"symbol": "A"}) == [("/venue", "missing")]


WRONG = [
    pytest.param("price", "310.5", id="number-in-quotes"),
    pytest.param("price", True, id="boolean-for-number"),
    pytest.param("price", None, id="null-for-number"),
    pytest.param("volume", Decimal("1.5"), id="fraction-for-integer"),
    pytest.param("volume", "5", id="text-for-integer"),
    pytest.param("open", 1, id="number-for-boolean"),
    pytest.param("open", "true", id="text-for-boolean"),
    pytest.param("name", 5, id="number-for-text"),
    pytest.param("tags", {}, id="object-for-array"),
    pytest.param("extra", [], id="array-for-object"),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_value_of_wrong_type_is_refused(name, value):
    ((pointer, code),) = refused(checker(), {"symbol": "A", name: value})

    assert pointer == f"/{name}"
    assert code == ("null" if value is None else "type")


def test_sentence_says_how_to_mend_a_number_in_quotes():
    (problem,) = problems(checker(), {"symbol": "A", "price": "310.5"})

    assert problem.detail == (
        "price must be a number, not text; send 310.5 without quotes."
    )


def test_decimal_without_fraction_is_an_integer():
    outcome = prepared(checker(), {"symbol": "A", "volume": Decimal("5.0")})

    assert outcome.text == b'{"symbol":"A","volume":5.0}'


def test_missing_required_field_is_named():
    using = checker(required=("price", "open"))

    assert refused(using, {"symbol": "A", "open": None}) == [
        ("/open", "null"),
        ("/price", "missing"),
    ]


def test_undeclared_fields_are_kept_in_an_open_schema():
    outcome = prepared(checker(), {"symbol": "A", "mood": {"a": [1]}})

    assert outcome.body["mood"] == {"a": [1]}


def test_undeclared_fields_are_refused_in_a_closed_schema():
    using = checker(is_open=False)

    assert refused(using, {"symbol": "A", "mood": 1}) == [("/mood", "unknown_field")]


@pytest.mark.parametrize("name", ["a:b", "", "_systemId", "a\tb"])
def test_undeclared_name_unfit_for_a_fact_is_refused(name):
    assert refused(checker(), {"symbol": "A", name: 1}) == [(f"/{name}", "name")]


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("2023-02-30", "time_impossible"),
        ("soon", "time_unreadable"),
        (True, "time_type"),
        ("", "time_empty"),
    ],
)
def test_impossible_dates_are_refused_in_any_date_field(value, code):
    using = checker(Index(key="symbol", date="at"))

    assert refused(using, {"symbol": "A", "expiry": value}) == [("/expiry", code)]
    assert refused(using, {"symbol": "A", "at": value}) == [("/at", code)]


def test_event_time_is_the_date_column_read_in_the_zone():
    using = checker(Index(key="symbol", date="at"), zone="America/New_York")

    outcome = prepared(using, {"symbol": "A", "at": "2023-05-12 09:30:00"})

    assert outcome.event_time == datetime(2023, 5, 12, 13, 30, tzinfo=UTC)
    assert outcome.date == outcome.event_time
    assert outcome.body["at"] == "2023-05-12 09:30:00"


@pytest.mark.parametrize("event", [{"symbol": "A"}, {"symbol": "A", "at": None}])
def test_missing_date_is_the_time_of_receipt(event):
    outcome = prepared(checker(Index(key="symbol", date="at")), event)

    assert outcome.event_time == outcome.date == RECEIVED
    assert not outcome.early


@pytest.mark.parametrize(
    ("ahead", "early"),
    [
        pytest.param(timedelta(minutes=5), False, id="five-minutes"),
        pytest.param(timedelta(minutes=5, microseconds=1), True, id="just-more"),
        pytest.param(timedelta(days=400), True, id="next-year"),
    ],
)
def test_date_far_ahead_is_judged_at_its_receipt(ahead, early):
    using = checker(Index(key="symbol", date="at"))
    at = RECEIVED + ahead

    outcome = prepared(using, {"symbol": "A", "at": at.isoformat()})

    assert outcome.early is early
    assert outcome.date == at
    assert outcome.event_time == (RECEIVED if early else at)


@pytest.mark.parametrize(
    ("event", "code"),
    [
        pytest.param([], "event_type", id="array"),
        pytest.param("a", "event_type", id="text"),
        pytest.param(None, "event_type", id="null"),
        pytest.param({}, "event_empty", id="empty"),
        pytest.param(
            dict.fromkeys(map(str, range(2001)), 1), "too_many_fields", id="n"
        ),
        pytest.param({"symbol": "A", "x": "y" * 65_536}, "event_too_large", id="large"),
    ],
)
def test_what_is_no_event_is_refused_as_a_whole(event, code):
    assert refused(checker(), event) == [("", code)]


def test_event_of_exactly_64_kilobytes_is_taken():
    room = 65_536 - len(b'{"symbol":"A","x":""}')

    assert len(prepared(checker(), {"symbol": "A", "x": "y" * room}).text) == 65_536


def test_problems_are_listed_up_to_a_limit():
    event = {"symbol": "A"} | {f"{number}:": 1 for number in range(100)}

    assert len(refused(checker(), event)) == 20
