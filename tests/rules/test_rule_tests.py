"""Files of rule tests: what they prove, and what is refused, with its line."""

from __future__ import annotations

import re
from io import StringIO
from pathlib import Path
from textwrap import dedent

import pytest
from django.core.management import call_command

from config.settings import base
from datasets.models import Dataset
from rules.services import (
    CaseFileInvalid,
    CaseResult,
    create_rule,
    run_rule_tests,
)
from rules.yaml import YamlInvalid, read_yaml
from tests.factories import NOW, DatasetFactory, WorkspaceFactory
from workspaces.access import open_for_system

DOCS = Path(base.__file__).parent.parent.parent / "docs" / "rule-tests.md"
HEAD = """\
workspace: DEMO
definition:
  kind: {kind}
  name: Cheap
  watch: {{facts: ["DEMO:PRICES:*:price"]}}
  when: {{fact: 0, op: lte, value: {value}}}
  {more}
cases:
"""


def file(
    *cases: str, kind: str = "signal", value: str = "310", more: str = ""
) -> bytes:
    head = HEAD.format(kind=kind, value=value, more=more)
    return (head + "".join(dedent(case) for case in cases)).encode()


def case(*events: str, expect: str = "[]", more: str = "") -> str:
    listed = "".join(f"    - {{{event}}}\n" for event in events)
    return f"- name: One\n  {more}\n  events:\n{listed}  expect: {expect}\n"


def price(amount: object, *, at: str = "0s", key: str = "MSFT") -> str:
    return f"at: {at}, key: {key}, fields: {{price: {amount}}}"


def came(text: bytes) -> list[str]:
    """What came unasked in the only case of a file."""
    (result,) = run_rule_tests(text=text)
    assert result.errors == []
    return [str(one) for one in result.unexpected]


def run(path: Path) -> str:
    out = StringIO()
    call_command("test_rules", str(path), stdout=out)
    return out.getvalue()


def test_example_of_the_docs_passes(tmp_path: Path) -> None:
    example, _ = examples()
    path = tmp_path / "cellar.yaml"
    path.write_text(example)

    said = run(path)

    assert said.endswith("3 passed, 0 failed, 0 files could not be read.\n")
    assert f"{path}:10: passed, A warm spell of ten minutes" in said


def test_example_of_several_datasets_passes(tmp_path: Path) -> None:
    _, example = examples()
    path = tmp_path / "limits.yaml"
    path.write_text(example)

    assert run(path).endswith("1 passed, 0 failed, 0 files could not be read.\n")


def examples() -> list[str]:
    return re.findall(r"```yaml\n(.*?)```", DOCS.read_text(), re.DOTALL)


def test_numbers_are_compared_to_their_last_digit() -> None:
    digits = "310.00000000000000000001"

    assert came(file(case(price(digits)), value="310.00000000000000000000")) == []
    assert came(file(case(price(digits)), value=digits)) == ["raised of MSFT at 0s"]


@pytest.mark.parametrize(
    ("kind", "more", "events", "until", "wanted"),
    [
        pytest.param(
            "state",
            "hold: 30s",
            [price(300)],
            "29s",
            [],
            id="hold that is not over",
        ),
        pytest.param(
            "state",
            "hold: 30s",
            [price(300)],
            "30s",
            ["opened of MSFT at 30s"],
            id="hold that time alone ends",
        ),
        pytest.param(
            "state",
            "hold: 30s",
            [price(300), price(320, at="40s")],
            None,
            ["opened of MSFT at 30s", "resolved of MSFT at 40s"],
            id="timer before an event of its key",
        ),
        pytest.param(
            "state",
            "hold: 30s",
            [price(300), price(320, at="40s", key="AAPL")],
            None,
            ["opened of MSFT at 30s"],
            id="timer before an event of another key",
        ),
        pytest.param(
            "state",
            "no_data: {after: 60s, then: resolve}",
            [price(300), price(301, at="50s")],
            "2m",
            ["opened of MSFT at 0s", "resolved of MSFT at 110s"],
            id="silence that an event put off",
        ),
        pytest.param(
            "signal",
            "outputs: []",
            [price(320, at="70s"), price(300, at="5s"), price(300, at="15s")],
            None,
            ["raised of MSFT at 5s"],
            id="late event, and one within the cool-down",
        ),
        pytest.param(
            "state",
            "hold: 30s",
            [price(320, at="40s"), price(300, at="10s")],
            "69s",
            [],
            id="event of the past is received when it comes",
        ),
    ],
)
def test_what_a_case_brings(
    kind: str, more: str, events: list[str], until: str | None, wanted: list[str]
) -> None:
    asked = f"until: {until}" if until else ""

    assert came(file(case(*events, more=asked), kind=kind, more=more)) == wanted


def result_of(expect: str) -> CaseResult:
    (result,) = run_rule_tests(text=file(case(price(300), expect=expect)))
    return result


@pytest.mark.parametrize(
    ("expect", "missing", "unexpected"),
    [
        ("[{at: 0s, key: MSFT, kind: raised}]", 0, 0),
        ("[]", 0, 1),
        ("[{at: 1s, key: MSFT, kind: raised}]", 1, 1),
        ("[{at: 0s, key: AAPL, kind: raised}]", 1, 1),
        ("[{at: 0s, key: MSFT, kind: opened}]", 1, 1),
        (
            "[{at: 0s, key: MSFT, kind: raised}, {at: 0s, key: MSFT, kind: raised}]",
            1,
            0,
        ),
    ],
)
def test_case_passes_if_exactly_what_is_expected_comes(
    expect: str, missing: int, unexpected: int
) -> None:
    result = result_of(expect)

    assert (len(result.missing), len(result.unexpected)) == (missing, unexpected)
    assert result.has_passed == (missing == unexpected == 0)


def test_cases_know_nothing_of_each_other() -> None:
    one = case(price(300))

    results = run_rule_tests(text=file(one, one))

    assert [len(result.unexpected) for result in results] == [1, 1]


def test_lateness_is_the_files() -> None:
    events = [price(320, at="70s"), price(300, at="69s")]
    late = b"lateness: 0s\n" + file(case(*events), kind="state")

    assert came(file(case(*events), kind="state")) == ["opened of MSFT at 69s"]
    assert came(late) == []


@pytest.fixture
def prices(db: None) -> Dataset:
    """DEMO:PRICES, with a saved rule `cheap` on it."""
    workspace = WorkspaceFactory(slug="DEMO")
    dataset = DatasetFactory(workspace=workspace, slug="PRICES")
    create_rule(
        access=open_for_system(workspace=workspace),
        definition={
            "kind": "signal",
            "name": "Cheap",
            "watch": {"facts": ["DEMO:PRICES:*:price"]},
            "when": {"fact": 0, "op": "lte", "value": 310},
        },
        now=NOW,
    )
    return dataset


@pytest.mark.usefixtures("prices")
def test_rule_of_a_workspace_is_named_by_its_slug() -> None:
    text = f"workspace: DEMO\nrule: cheap\ncases:\n{case(price(300))}"

    assert came(text.encode()) == ["raised of MSFT at 0s"]


@pytest.mark.usefixtures("prices")
def test_rule_that_is_not_there_is_refused_at_its_line() -> None:
    text = f"workspace: DEMO\nrule: dear\ncases:\n{case(price(300))}"

    assert refused(text) == [(2, "There is no rule dear in DEMO.")]


def refused(text: str | bytes) -> list[tuple[int, str]]:
    written = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(CaseFileInvalid) as refusal:
        run_rule_tests(text=written)
    return [(one.line, one.detail) for one in refusal.value.mistakes]


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        pytest.param("", 1, "empty", id="empty"),
        pytest.param("[]", 1, "is an object", id="list"),
        pytest.param("a: [1", 1, "not YAML", id="no YAML"),
        pytest.param("a: 1\nb: \xff".encode("latin-1"), 1, "UTF-8", id="no UTF-8"),
        pytest.param("a: 1\na: 2", 2, "written twice", id="twice"),
        pytest.param("a: &x 1\nb: *x", 1, "Anchors", id="anchor"),
        pytest.param("a:\n  - *x", 2, "Anchors", id="alias"),
        pytest.param("a: 1\nb: !!python/name:os.system ''", 2, "tag", id="tag"),
        pytest.param("a: !!float 1.5", 1, "tag", id="tag of a number"),
        pytest.param("a: 1\n5: b", 2, "put one like 5 in quotes", id="number as name"),
        pytest.param("? [a]\n: b", 1, "name has to be text", id="list as name"),
        pytest.param("a: " + "[" * 41, 1, "nest deeper", id="deep"),
        pytest.param("a: 1\n---\nb: 2", 2, "not YAML", id="two documents"),
        pytest.param(b"a: " + b"1" * 1_000_000, 1, "larger", id="large"),
        pytest.param("a: 1\nb: " + "1" * 35, 2, "digits", id="long number"),
        pytest.param("workspace: DEMO", 1, '"cases" is missing', id="no cases"),
        pytest.param(
            "workspace: DEMO\ncases: []", 1, 'Write a "rule"', id="neither rule"
        ),
        pytest.param(
            file().replace(b"cases:", b"cases: []"), 8, "at least one", id="no case"
        ),
        pytest.param(file(case(price(1))) + b"more: 1", 14, "not a member", id="more"),
        pytest.param(
            file(case(price(1))).replace(b"op: lte", b"op: lt3"),
            6,
            "lt3",
            id="in the definition",
        ),
        pytest.param(file(case(price(1, at="-5s"))), 12, "length of time", id="before"),
        pytest.param(file(case("at: 0s, key: A")), 12, '"fields"', id="no fields"),
        pytest.param(
            file(case("at: 0s, key: A, fields: 5")), 12, "object", id="bad fields"
        ),
        pytest.param(
            file(case("at: 0s, key: 5, fields: {}")),
            12,
            "text",
            id="key without quotes",
        ),
        pytest.param(
            file(case(price(1), more="start: soon")), 10, "start", id="bad start"
        ),
        pytest.param(
            file(case(price(1), expect="[{at: 0s, key: A, kind: fired}]")),
            13,
            "raised, opened",
            id="unknown kind",
        ),
        pytest.param(
            file(case(price(1)), more='include: ["DEMO:B:*:x"]'),
            12,
            '"dataset" is missing here: the rule reads several, DEMO:PRICES, DEMO:B.',
            id="one of two datasets",
        ),
        pytest.param(
            file(case(f"dataset: C, {price(1)}"), more='include: ["DEMO:B:*:x"]'),
            12,
            "The rule reads nothing of C, but of DEMO:PRICES, DEMO:B.",
            id="none of two datasets",
        ),
    ],
)
def test_bad_file_is_refused_with_its_line(
    text: str | bytes, line: int, said: str
) -> None:
    mistakes = refused(text)

    assert [
        (one, detail) for one, detail in mistakes if one == line and said in detail
    ], mistakes


def test_every_mistake_of_a_file_is_told() -> None:
    text = file(case(price(1, at="soon"), price(1, at="later")))

    assert [line for line, _ in refused(text)] == [12, 13]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("1", "1"),
        ("-0.50", "Decimal('-0.50')"),
        ("1e3", "Decimal('1E+3')"),
        ("010", "'010'"),
        ("1_000", "'1_000'"),
        (".5", "'.5'"),
        (".inf", "'.inf'"),
        ("12:30", "'12:30'"),
        ("2026-01-05", "'2026-01-05'"),
        ("yes", "'yes'"),
        ("True", "'True'"),
        ("true", "True"),
        ("false", "False"),
        ("null", "None"),
        ("~", "None"),
        ("", "None"),
        ('"5"', "'5'"),
        ("<<", "'<<'"),
        ("[1, {b: 2.0}]", "[1, {'b': Decimal('2.0')}]"),
    ],
)
def test_values_mean_what_they_look_like(written: str, meant: str) -> None:
    assert repr(read_yaml(f"a: {written}".encode()).value["a"]) == meant


def test_line_of_a_part_that_is_not_written_is_that_of_what_is_around_it() -> None:
    written = read_yaml(b"a:\n  b/c:\n    - 1\n")

    assert written.line_of("/a/b~1c/0") == 3
    assert written.line_of("/a/b~1c/7/x") == 2


def test_yaml_that_is_none_says_where() -> None:
    with pytest.raises(YamlInvalid) as refusal:
        read_yaml(b"a: 1\n b: 2\n")

    assert refusal.value.line == 2
