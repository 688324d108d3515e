"""Definitions whose hold, recovery, silence, hours, end or mode are wrong."""

from tests.rules.engine.refused.writing import CONDITION, given, recovering

REFUSED = {
    "ladder-is-no-list": (given(ladder={}), "/ladder", "wrong_type"),
    "step-without-a-severity": (
        given(ladder=[{"when": CONDITION}]),
        "/ladder/0",
        "missing",
    ),
    "step-of-another-severity": (
        given(ladder=[{"when": CONDITION, "is": "loud"}]),
        "/ladder/0/is",
        "unknown_choice",
    ),
    "two-steps-for-one-severity": (
        given(ladder=[{"when": CONDITION, "is": "critical"}] * 2),
        "/ladder/1/is",
        "duplicate_step",
    ),
    "step-of-a-wrong-condition": (
        given(ladder=[{"when": {**CONDITION, "op": "~"}, "is": "critical"}]),
        "/ladder/0/when/op",
        "unknown_operator",
    ),
    "reminders-of-a-signal": (
        given(**{"raise": {"remind_every": "1h"}}),
        "/raise/remind_every",
        "not_for_signal",
    ),
    "reminders-all-the-time": (
        given(kind="state", **{"raise": {"remind_every": "59s"}}),
        "/raise/remind_every",
        "bad_duration",
    ),
    "reminders-at-some-time": (
        given(kind="state", **{"raise": {"remind_every": "often"}}),
        "/raise/remind_every",
        "bad_duration",
    ),
    "once-of-a-state": (
        given(kind="state", **{"raise": {"mode": "once"}}),
        "/raise/mode",
        "mode_not_for_kind",
    ),
    "hold-of-a-signal": (given(hold="30s"), "/hold", "not_for_signal"),
    "hold-is-no-duration": (
        given(kind="state", hold="long"),
        "/hold",
        "bad_duration",
    ),
    "recovery-of-a-signal": (
        given(recover={"when": CONDITION}),
        "/recover",
        "not_for_signal",
    ),
    "recovery-is-no-object": (
        given(kind="state", recover="soon"),
        "/recover",
        "wrong_type",
    ),
    "recovery-of-an-unknown-operator": (
        given(kind="state", recover={"when": {**CONDITION, "op": "~"}}),
        "/recover/when/op",
        "unknown_operator",
    ),
    "recovery-after-less-than-nothing": (
        given(kind="state", recover={"hold": -1}),
        "/recover/hold",
        "bad_duration",
    ),
    "recovery-on-the-wrong-side": (
        recovering(("lte", 310), ("gt", 305)),
        "/recover/when/value",
        "wrong_side",
    ),
    "recovery-in-the-same-direction": (
        recovering(("gt", 310), ("gte", 300)),
        "/recover/when/value",
        "wrong_side",
    ),
    "recovery-where-both-are-true": (
        recovering(("gte", 310), ("lte", 310)),
        "/recover/when/value",
        "wrong_side",
    ),
    "silence-of-a-signal": (
        given(no_data={"after": "10m"}),
        "/no_data",
        "not_for_signal",
    ),
    "silence-of-no-length": (
        given(kind="state", no_data={"after": 0}),
        "/no_data/after",
        "bad_duration",
    ),
    "silence-without-length": (
        given(kind="state", no_data={"then": "alert"}),
        "/no_data",
        "missing",
    ),
    "silence-with-an-unknown-end": (
        given(kind="state", no_data={"after": "1m", "then": "panic"}),
        "/no_data/then",
        "unknown_choice",
    ),
    "silence-that-is-never-heard": (
        given(
            watch={"facts": []},
            when={
                "all": [
                    {"fact": "CORE:STOCK:*:price", "op": ">", "value": 1},
                    {"fact": "CORE:STOCK:SPY:price", "op": "silent", "value": "1m"},
                ]
            },
        ),
        "/when/all/1/fact",
        "never_heard",
    ),
    "active-on-an-unknown-day": (
        given(active={"days": "mon-fry"}),
        "/active/days",
        "unknown_choice",
    ),
    "active-at-no-hours": (
        given(active={"hours": "9-17"}),
        "/active/hours",
        "bad_time_of_day",
    ),
    "active-nowhere": (
        given(active={"zone": "Nowhere"}),
        "/active/zone",
        "unknown_zone",
    ),
    "holiday-that-is-none": (
        given(active={"holidays": ["2026-02-30"]}),
        "/active/holidays/0",
        "bad_date",
    ),
    "end-that-is-no-time": (given(expires_at="never"), "/expires_at", "bad_time"),
    "end-that-is-a-number": (given(expires_at=5), "/expires_at", "bad_time"),
    "moved-without-the-mode": (
        given(**{"raise": {"again_if_moved": 5}}),
        "/raise/again_if_moved",
        "useless_member",
    ),
    "mode-without-how-far": (
        given(**{"raise": {"mode": "again_if_moved"}}),
        "/raise",
        "missing",
    ),
    "state-that-raises-once": (
        given(kind="state", **{"raise": {"mode": "once_per_key"}}),
        "/raise/mode",
        "mode_not_for_kind",
    ),
}
