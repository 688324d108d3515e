"""Conditions whose window is wrong."""

from tests.rules.engine.refused.writing import AT, given, when

HOUR = {"take": "avg", "length": "1h"}
OVER = f"{AT}/over"


def over(**members):
    """Change members of a good window; ``None`` takes one away."""
    changed = {**HOUR, **members}
    said = {name: value for name, value in changed.items() if value is not None}
    return when(over=said)


def within(length, **members):
    """Ask of a fall within a stretch of time."""
    fall = {"fact": 0, "op": "fall", "by": "5%", "within": length, **members}
    return given(when={"all": [fall]})


def unusual(**members):
    """Change members of a good anomaly; ``None`` takes one away."""
    good = {"fact": 0, "op": "anomaly", "over": {"last": 50}, "value": 3, **members}
    said = {name: one for name, one in good.items() if one is not None}
    return given(when={"all": [said]})


FIVE = {"window": "tumbling", "length": "5m"}

REFUSED = {
    "tumbling-below-a-second": (
        over(window="tumbling", length=0.5),
        f"{OVER}/length",
        "bad_window",
    ),
    "tumbling-over-a-season": (
        over(window="tumbling", length="91d"),
        f"{OVER}/length",
        "bad_window",
    ),
    "tumbling-over-the-last": (
        over(window="tumbling", length=None, last=3),
        f"{OVER}/window",
        "useless_member",
    ),
    "minutes-in-a-zone": (
        over(**FIVE, zone="Europe/Berlin"),
        f"{OVER}/zone",
        "useless_member",
    ),
    "sliding-in-a-zone": (
        over(length="1d", zone="Europe/Berlin"),
        f"{OVER}/zone",
        "useless_member",
    ),
    "last-in-a-zone": (
        over(length=None, last=3, zone="Europe/Berlin"),
        f"{OVER}/zone",
        "useless_member",
    ),
    "days-in-no-zone": (
        over(window="tumbling", length="1d", zone="Europe/Bern"),
        f"{OVER}/zone",
        "unknown_zone",
    ),
    "close-of-no-window": (
        given(
            kind="state",
            when={"fact": 0, "over": HOUR, "op": "gt", "value": 1},
            **{"raise": {"mode": "on_window_close"}},
        ),
        "/raise/mode",
        "no_window",
    ),
    "close-of-a-window-that-only-ends-it": (
        given(
            kind="state",
            when={"fact": 0, "op": "gt", "value": 1},
            recover={
                "when": {
                    "fact": 0,
                    "over": {"take": "count", **FIVE},
                    "op": "lt",
                    "value": 1,
                }
            },
            **{"raise": {"mode": "on_window_close"}},
        ),
        "/raise/mode",
        "no_window",
    ),
    "anomaly-beside-nothing": (unusual(over=None), AT, "missing"),
    "anomaly-of-no-scores": (unusual(value=None), AT, "missing"),
    "anomaly-of-zero-scores": (unusual(value=0), f"{AT}/value", "bad_scores"),
    "anomaly-of-wild-scores": (unusual(value=1_001), f"{AT}/value", "bad_scores"),
    "anomaly-of-a-word": (unusual(value="very"), f"{AT}/value", "wrong_type"),
    "anomaly-beside-a-fact": (unusual(value={"fact": 0}), f"{AT}/value", "wrong_type"),
    "anomaly-of-another-side": (
        unusual(direction="sideways"),
        f"{AT}/direction",
        "unknown_choice",
    ),
    "anomaly-by-nothing": (unusual(by=0), f"{AT}/by", "bad_amount"),
    "anomaly-that-takes": (
        unusual(over={"last": 50, "take": "avg"}),
        f"{OVER}/take",
        "unknown_member",
    ),
    "anomaly-with-two-ends": (
        unusual(over={"last": 50, "length": "1h"}),
        OVER,
        "bad_window",
    ),
    "anomaly-of-a-season": (
        unusual(over={"length": "91d"}),
        f"{OVER}/length",
        "bad_window",
    ),
    "anomaly-beside-two": (unusual(over={"last": 2}), f"{OVER}/last", "bad_count"),
    "anomaly-beside-far-too-many": (
        unusual(over={"last": 100_001}),
        f"{OVER}/last",
        "bad_count",
    ),
    "anomaly-once-there-is-one": (
        unusual(over={"last": 50, "at_least": 1}),
        f"{OVER}/at_least",
        "bad_count",
    ),
    "anomaly-once-there-are-more-than-count": (
        unusual(over={"last": 50, "at_least": 51}),
        f"{OVER}/at_least",
        "bad_count",
    ),
    "anomaly-within": (unusual(within="1h"), f"{AT}/within", "useless_member"),
    "threshold-with-a-direction": (
        when(direction="above"),
        f"{AT}/direction",
        "useless_member",
    ),
    "window-is-a-length": (when(over="1h"), OVER, "wrong_type"),
    "window-without-take": (over(take=None), OVER, "missing"),
    "window-of-no-such-take": (over(take="median"), f"{OVER}/take", "unknown_choice"),
    "window-without-end": (over(length=None), OVER, "bad_window"),
    "window-with-two-ends": (over(last=3), OVER, "bad_window"),
    "window-of-no-such-shape": (
        over(window="hopping"),
        f"{OVER}/window",
        "unknown_choice",
    ),
    "window-of-no-length": (over(length="0s"), f"{OVER}/length", "bad_window"),
    "window-of-a-season": (over(length="91d"), f"{OVER}/length", "bad_window"),
    "window-of-a-word": (over(length="long"), f"{OVER}/length", "bad_duration"),
    "window-of-nothing": (over(length=None, last=0), f"{OVER}/last", "bad_count"),
    "window-of-far-too-many": (
        over(length=None, last=100_001),
        f"{OVER}/last",
        "bad_count",
    ),
    "last-values-in-time": (
        over(length=None, last=3, window="sliding"),
        f"{OVER}/window",
        "useless_member",
    ),
    "window-with-another-member": (over(size=3), f"{OVER}/size", "unknown_member"),
    "window-of-a-text-operator": (
        when(op="contains", value="a", over=HOUR),
        OVER,
        "useless_member",
    ),
    "window-against-a-text": (
        when(op="eq", value="a", over=HOUR),
        f"{AT}/value",
        "wrong_type",
    ),
    "window-between-times": (
        when(op="between", value=["2026-01-01", "2026-01-02"], over=HOUR),
        f"{AT}/value",
        "wrong_type",
    ),
    "window-that-folds-case": (
        when(op="eq", value=1, over=HOUR, ignore_case=True),
        f"{AT}/ignore_case",
        "useless_member",
    ),
    "window-that-never-fills": (
        given(
            watch=None,
            when={
                "all": [
                    {"fact": "CORE:STOCK:*:price", "op": "gt", "value": 1},
                    {
                        "fact": "CORE:STOCK:SPY:price",
                        "over": HOUR,
                        "op": "gt",
                        "value": 1,
                    },
                ]
            },
        ),
        "/when/all/1/fact",
        "never_heard",
    ),
    "threshold-within-a-window": (
        when(within="1h"),
        f"{AT}/within",
        "useless_member",
    ),
    "move-within-nothing": (within("0s"), f"{AT}/within", "bad_window"),
    "move-within-a-season": (within("91d"), f"{AT}/within", "bad_window"),
    "move-within-a-word": (within("long"), f"{AT}/within", "bad_duration"),
    "move-within-and-since": (
        within("1h", since="last_alert"),
        f"{AT}/since",
        "useless_member",
    ),
    "move-within-and-over": (within("1h", over=HOUR), f"{AT}/over", "useless_member"),
    "high-of-all-times": (
        given(when={"fact": 0, "op": "new_high"}),
        "/when",
        "missing",
    ),
    "high-over-a-window": (
        given(when={"fact": 0, "op": "new_high", "over": HOUR, "within": "1h"}),
        "/when/over",
        "useless_member",
    ),
    "recovery-of-a-window-on-the-wrong-side": (
        given(
            kind="state",
            when={"fact": 0, "over": HOUR, "op": "gt", "value": 10},
            recover={"when": {"fact": 0, "over": HOUR, "op": "lt", "value": 11}},
        ),
        "/recover/when/value",
        "wrong_side",
    ),
}
