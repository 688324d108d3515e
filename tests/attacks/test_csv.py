"""Family C: CSV that would harm whoever opens an export, or whoever reads a file."""

import io
import time
from contextlib import suppress

import pytest

from datasets.formats import FormatInvalid, defuse, open_rows

CELLS = [
    pytest.param("=1+1", "'=1+1", id="C20-formula"),
    pytest.param('=cmd|"/c calc"!A0', '\'=cmd|"/c calc"!A0', id="C20-command"),
    pytest.param("+1+cmd", "'+1+cmd", id="C20-plus"),
    pytest.param("-2+3", "'-2+3", id="C20-minus"),
    pytest.param("@SUM(A1)", "'@SUM(A1)", id="C20-at"),
    pytest.param("\t=1", "'\t=1", id="C20-tab"),
    pytest.param("\r=1", "'\r=1", id="C20-carriage-return"),
    pytest.param("\n=1", "'\n=1", id="C20-line-feed"),
    pytest.param("\0=1", "'\0=1", id="C20-nul"),
    pytest.param("-", "'-", id="C20-minus-alone"),
    pytest.param("-1.5e3", "-1.5e3", id="C20-negative-number"),
    pytest.param("+5", "+5", id="C20-positive-number"),
    pytest.param("-1.5\n", "'-1.5\n", id="C20-number-and-line"),
    pytest.param("-\u0661", "'-\u0661", id="C20-other-digits"),
    pytest.param("a=1", "a=1", id="C20-formula-inside"),
    pytest.param("", "", id="C20-empty"),
]


@pytest.mark.parametrize(("cell", "written"), CELLS)
def test_cell_that_looks_like_a_formula_is_defused(cell, written):
    assert defuse(cell) == written


FILES = [
    pytest.param(b"a,b\n" + b'"' * 2_000_000, id="C01-quotes"),
    pytest.param(b"a,b\n" + b"," * 2_000_000, id="C02-commas"),
    pytest.param(b"a,b\n" + b'"\n' * 300_000, id="C03-quote-a-line"),
    pytest.param(b"\n" * 1_000_000, id="C04-blank-lines"),
    pytest.param(b"," * 250_000 + b"\n1", id="C05-header-of-commas"),
    pytest.param(b"a" + b",a" * 120_000 + b"\n1", id="C06-header-of-one-name"),
    pytest.param(b"\x00" * 1_000_000, id="C07-zeros"),
    pytest.param(b"[" + b"{}," * 150_000, id="C08-empty-objects"),
    pytest.param(b'[{"' + b'\\"' * 500_000, id="C09-escaped-quotes"),
]


@pytest.mark.parametrize("data", FILES)
def test_a_megabyte_of_malice_costs_linear_time(data):
    begun = time.process_time()

    with suppress(FormatInvalid):
        for _ in open_rows(io.BytesIO(data)):
            pass

    assert time.process_time() - begun < 10
