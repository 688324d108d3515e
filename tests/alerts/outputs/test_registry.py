import pytest

from alerts.outputs.email import Email
from alerts.outputs.registry import (
    OUTPUT_KINDS,
    DuplicateKind,
    UnknownKind,
    find_kind,
    gather,
)


def test_every_kind_is_found_by_its_name() -> None:
    for name, kind in OUTPUT_KINDS.items():
        assert find_kind(name) is kind
        assert kind.kind == name
        assert kind.label


def test_unknown_kind_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UnknownKind, match="email, webhook"):
        find_kind("pigeon")


def test_second_kind_of_a_name_is_refused() -> None:
    with pytest.raises(DuplicateKind, match="'email'"):
        gather((Email(), Email()))
