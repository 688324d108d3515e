import pytest

from alerts.outputs.base import OutputInvalid
from alerts.outputs.email import Email
from alerts.outputs.registry import (
    OUTPUT_KINDS,
    DuplicateKind,
    UnknownKind,
    find_kind,
    find_offered,
    gather,
)
from outbound.addresses import AddressRules


def test_every_kind_is_found_by_its_name() -> None:
    for name, kind in OUTPUT_KINDS.items():
        assert find_kind(name) is find_offered(name) is kind
        assert kind.kind == name
        assert kind.label


def test_unknown_kind_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UnknownKind, match="email, webhook"):
        find_offered("pigeon")


@pytest.mark.parametrize(
    ("kind", "leads"),
    [
        ("loop_back", "back into this installation"),
        ("owners", "e-mail to the owners"),
    ],
)
def test_what_only_the_program_makes_is_offered_to_nobody(
    kind: str, leads: str
) -> None:
    assert find_kind(kind).describe({}) == leads
    assert find_kind(kind).validate({}, rules=AddressRules()) == {}
    with pytest.raises(OutputInvalid):
        find_kind(kind).validate({"to": "ana@example.com"}, rules=AddressRules())
    with pytest.raises(UnknownKind):
        find_offered(kind)


def test_second_kind_of_a_name_is_refused() -> None:
    with pytest.raises(DuplicateKind, match="'email'"):
        gather((Email(), Email()))
