import pytest

from alerts.outputs.email import Email
from alerts.outputs.registry import (
    OUTPUT_KINDS,
    DuplicateKind,
    UnknownKind,
    find_kind,
    find_offered,
    gather,
)


def test_every_kind_is_found_by_its_name() -> None:
    for name, kind in OUTPUT_KINDS.items():
        assert find_kind(name) is find_offered(name) is kind
        assert kind.kind == name
        assert kind.label


def test_unknown_kind_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UnknownKind, match="email, webhook"):
        find_offered("pigeon")


def test_only_the_program_leads_back_into_the_installation() -> None:
    assert find_kind("loop_back").describe({}) == "back into this installation"
    with pytest.raises(UnknownKind):
        find_offered("loop_back")


def test_second_kind_of_a_name_is_refused() -> None:
    with pytest.raises(DuplicateKind, match="'email'"):
        gather((Email(), Email()))
