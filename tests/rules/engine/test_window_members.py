"""What a window keeps: how much at most, and that nobody else's copy is altered."""

from datetime import timedelta
from decimal import Decimal

from rules.engine.kept import Kept
from rules.engine.members import Member
from rules.engine.windows import Take, Trace, Window


def test_window_that_overflows_is_unknown_until_what_was_lost_has_left():
    window = Window(take=Take.COUNT, length=timedelta(seconds=10))
    kept = Kept.empty(window)
    for second in range(4):
        kept = kept.put(Member(second * 1_000_000, None), room=3)

    assert kept.take() is None
    assert kept.at(9_999_999).take() is None
    assert kept.at(10_000_000).take() == 3


def test_move_whose_base_was_lost_is_unknown_until_another_is_in_force():
    window = Window(take=Trace.EXTREMES, length=timedelta(seconds=10))
    kept = Kept.empty(window).at(0)
    for second in range(4):
        kept = kept.put(Member(second * 1_000_000, Decimal(second)), room=3)

    assert kept.extremes() is None
    assert kept.at(10_000_000).extremes() is None
    assert kept.at(11_000_000).extremes() == (1, 3)


def test_state_that_others_grew_out_of_is_not_altered():
    window = Window(take=Take.SUM, last=10)
    one = Kept.empty(window).put(Member(1, Decimal(1)))

    two, three = (one.put(Member(2, Decimal(value))) for value in (2, 3))

    assert (one.take(), two.take(), three.take()) == (1, 3, 4)
    assert two.put(Member(0, Decimal(1))).take() == 4
    assert (two.take(), [member.value for member in two.members]) == (3, [1, 2])
