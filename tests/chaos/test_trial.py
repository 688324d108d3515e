"""What a trial says of itself, without one being played."""

import pytest

from tests.chaos.faults import Kill
from tests.chaos.proof import Proof
from tests.chaos.report import write_report
from tests.chaos.trial import Outcome, Plan, Strike, outages


def outcome(*, accepted: int) -> Outcome:
    return Outcome(
        plan=Plan(faults=[Kill()], times=2),
        proof=Proof({"events": accepted}, []),
        accepted=accepted,
        repeats=0,
        seconds=10.0,
        strikes=[Strike(name="kill", part="web", outage=gap) for gap in (0.5, 1.5)],
    )


@pytest.mark.parametrize(
    ("accepted", "is_at_rate", "said"),
    [
        (2_000, True, "200 a second (200 planned, 10 a request: reached)"),
        (1_990, False, "199 a second (200 planned, 10 a request: NOT REACHED)"),
    ],
)
def test_a_trial_says_whether_it_reached_its_load(accepted, is_at_rate, said):
    found = outcome(accepted=accepted)

    assert found.is_at_rate is is_at_rate
    assert said in str(found)


def test_an_outage_is_the_longest_silence_after_a_kill_and_before_the_next():
    answers = [0.9, 1.1, 4.0, 4.1, 5.0, 5.1, 5.3]

    assert outages([1.0, 5.0], answers) == [pytest.approx(2.9), pytest.approx(0.2)]


def test_a_kill_after_which_nothing_is_answered_has_no_outage_to_tell():
    assert outages([1.0], [0.9]) == [0.0]


def test_a_report_takes_the_place_of_the_same_databases_last_one(tmp_path):
    report = tmp_path / "chaos.md"

    for database, accepted in [("sqlite", 111), ("postgresql", 222), ("sqlite", 333)]:
        write_report(report, outcome(accepted=accepted), database=database)

    text = report.read_text()
    assert text.startswith("# Under fire")
    assert "111 events" not in text
    assert "222 events accepted" in text
    assert "333 events accepted" in text
    assert "| `kill` | A part, or the pool of a worker, is killed" in text
    assert "| 2: web 2 | 1.0 s | 1.5 s |" in text
