"""The grammar of fact paths."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.engine import FactPath, FactPathInvalid

READ = {
    "plain": ("CORE:STOCK:AAPL:latestPrice", "CORE:STOCK", "AAPL", ("latestPrice",)),
    "names-without-case": ("core:Stock:AAPL:x", "CORE:STOCK", "AAPL", ("x",)),
    "key-with-colons": ("A:B:urn:isin:US1:x", "A:B", "urn:isin:US1", ("x",)),
    "key-with-spaces": ("A:B:two words:x", "A:B", "two words", ("x",)),
    "any-key": ("CORE:STOCK:*:x", "CORE:STOCK", None, ("x",)),
    "any-key-of-old": ("CORE:STOCK:ANYEVENT:x", "CORE:STOCK", None, ("x",)),
    "the-star-itself": (r"A:B:\*:x", "A:B", "*", ("x",)),
    "backslash-and-star": (r"A:B:\\*:x", "A:B", r"\*", ("x",)),
    "key-named-anyevent": (r"A:B:\ANYEVENT:x", "A:B", "ANYEVENT", ("x",)),
    "key-with-a-star-in-it": ("A:B:a*:x", "A:B", "a*", ("x",)),
    "only-key": ("A:B:_:x", "A:B", "_", ("x",)),
    "own-data": ("DEMO:DATASET:PRICES:price", "DEMO:PRICES", None, ("price",)),
    "own-data-without-case": ("demo:dataset:Prices:p", "DEMO:PRICES", None, ("p",)),
    "part": ("A:B:K:quote.last", "A:B", "K", ("quote", "last")),
    "item": ("A:B:K:bids[0].price", "A:B", "K", ("bids", 0, "price")),
    "item-of-item": ("A:B:K:rows[1][2]", "A:B", "K", ("rows", 1, 2)),
    "dot-in-name": (r"A:B:K:U\.S\. price", "A:B", "K", ("U.S. price",)),
    "bracket-in-name": ("A:B:K:price [USD]", "A:B", "K", ("price [USD]",)),
    "escaped-bracket": (r"A:B:K:a\[0]", "A:B", "K", ("a[0]",)),
    "backslash-in-name": (r"A:B:K:a\\b", "A:B", "K", (r"a\b",)),
    "name-that-begins-with-brackets": ("A:B:K:[0]", "A:B", "K", ("[0]",)),
}


@pytest.mark.parametrize(
    ("text", "series", "key", "steps"), READ.values(), ids=READ.keys()
)
def test_path_is_read(text, series, key, steps):
    path = FactPath.parse(text)

    assert (path.series, path.named_key) == (series, key)
    assert (path.root, *path.steps) == steps


@pytest.mark.parametrize("text", [text for text, *_ in READ.values()], ids=READ.keys())
def test_path_is_written_as_its_author_wrote_it(text):
    expected = "demo:DATASET:Prices:p" if text == "demo:dataset:Prices:p" else text

    assert str(FactPath.parse(text)) == expected


REFUSED = {
    "nothing": "",
    "three-parts": "CORE:STOCK:price",
    "empty-workspace": ":STOCK:K:x",
    "empty-dataset": "CORE::K:x",
    "empty-key": "CORE:STOCK::x",
    "empty-field": "CORE:STOCK:K:",
    "dash-in-dataset": "CORE:MY-DATA:K:x",
    "space-in-workspace": "MY CORE:STOCK:K:x",
    "letters-of-another-alphabet": "CORE:ДАННЫЕ:K:x",
    "empty-step": "CORE:STOCK:K:a..b",
    "dot-at-the-end": "CORE:STOCK:K:a.",
    "dot-at-the-start": "CORE:STOCK:K:.a",
    "own-data-with-a-key": "DEMO:DATASET:PRICES:K:price",
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED.keys())
def test_path_is_refused(text):
    with pytest.raises(FactPathInvalid):
        FactPath.parse(text)


@pytest.mark.parametrize(
    ("text", "open_to_demo"),
    [("DEMO:A:K:x", True), ("demo:A:K:x", True), ("core:A:K:x", True)],
)
def test_own_and_shared_facts_may_be_read(text, open_to_demo):
    assert FactPath.parse(text, "Demo").is_open_to("DEMO") is open_to_demo


def test_fact_of_another_workspace_may_not_be_read():
    with pytest.raises(FactPathInvalid, match="another workspace"):
        FactPath.parse("OTHER:A:K:x", "DEMO")


def test_star_is_replaced_by_the_key():
    path = FactPath.parse("core:STOCK:*:price")

    assert path.under("AAPL") == "core:STOCK:AAPL:price"
    assert path.set_under("AAPL") == "core:STOCK:AAPL"


def test_two_spellings_are_one_fact():
    one, other = (
        FactPath.parse("CORE:STOCK:*:x"),
        FactPath.parse("core:stock:ANYEVENT:x"),
    )

    assert one != other
    assert one.identity == other.identity


@given(key=st.none() | st.text(min_size=1), name=st.text(min_size=1))
def test_any_stored_name_can_be_written_and_read_back(key, name):
    if ":" in name:
        name = name.replace(":", "_")

    named = FactPath.naming(workspace="A", dataset="B", key=key, name=name)
    read = FactPath.parse(str(named))

    assert read == named
    assert (read.named_key, read.root, read.steps) == (key, name, ())
