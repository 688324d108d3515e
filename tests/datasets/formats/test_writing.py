"""Exports are exact CSV."""

import csv
import io
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from datasets.formats import Row, defuse, open_rows, write_csv


def test_rows_are_written_with_their_digits():
    rows: list[dict[str, object]] = [
        {"symbol": "MSFT", "price": Decimal("310.50"), "up": True, "tags": ["a", 1]},
        {"symbol": 'a "b", c', "price": None},
    ]

    text = b"".join(write_csv(rows, ["symbol", "price", "up", "tags"])).decode()

    assert text == (
        'symbol,price,up,tags\r\nMSFT,310.50,true,"[""a"",1]"\r\n"a ""b"", c",,,\r\n'
    )


def test_many_rows_leave_in_pieces():
    pieces = list(write_csv(({"n": number} for number in range(1200)), ["n"]))

    assert len(pieces) == 3
    assert b"".join(pieces).count(b"\r\n") == 1201


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)


@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=5))
def test_written_file_is_read_back(rows):
    data = b"".join(
        write_csv(({"a": first, "b": second} for first, second in rows), ["a", "b"])
    )

    found = [
        (row.values["a"], row.values["b"])
        for row in open_rows(io.BytesIO(data))
        if isinstance(row, Row)
    ]

    defused = [(defuse(first), defuse(second)) for first, second in rows]
    assert found == [row for row in defused if any(map(str.strip, row))]


@given(st.lists(st.lists(TEXTS, min_size=2, max_size=2), max_size=5))
def test_no_cell_of_an_export_begins_like_a_formula(rows):
    data = b"".join(
        write_csv((dict(zip("ab", row, strict=True)) for row in rows), ["a", "b"])
    )

    for row in csv.reader(io.StringIO(data.decode(), newline="")):
        for cell in row:
            number = cell.lstrip("+-").replace(".", "").replace("e", "")
            assert not cell.startswith(tuple("=@\t\r\n"))
            assert not cell.startswith(tuple("+-")) or number[:1].isdigit()
