"""Facts of keys met lately stay with a program, and no more of them than that."""

from __future__ import annotations

import pytest

from rules.engine import KeyFacts
from rules.services import kept_facts
from rules.services.kept_facts import KeptFacts

PRICES, QUOTES = "DEMO:PRICES", "DEMO:QUOTES"


def kept(*subjects: tuple[str, str]) -> KeptFacts:
    facts = KeptFacts()
    for subject in subjects:
        facts.keep({subject: KeyFacts()})
    return facts


def test_facts_are_found_by_subject_and_what_is_not_kept_is_missing() -> None:
    facts = kept((PRICES, "A"), (QUOTES, "A"))

    assert facts.find([(PRICES, "A"), (PRICES, "B")]) == {(PRICES, "A"): KeyFacts()}


def test_keys_met_longest_ago_are_let_go_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_facts, "KEPT", 2)
    facts = kept((PRICES, "A"), (PRICES, "B"), (PRICES, "A"), (PRICES, "C"))

    assert [key for _, key in facts.find((PRICES, key) for key in "ABC")] == ["A", "C"]


def test_a_dataset_is_forgotten_alone() -> None:
    facts = kept((PRICES, "A"), (QUOTES, "A"))

    facts.forget(PRICES)

    assert facts.find([(PRICES, "A"), (QUOTES, "A")]) == {(QUOTES, "A"): KeyFacts()}
