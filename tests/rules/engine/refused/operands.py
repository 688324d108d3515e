"""Conditions whose operator, options or right side are wrong."""

from tests.rules.engine.refused.writing import AT, given, moving, when

REFUSED = {
    "since-of-a-threshold": (
        when(since="last_alert"),
        "/when/all/0/since",
        "useless_member",
    ),
    "since-another-day": (
        given(when={"fact": 0, "op": "rise", "by": 1, "since": "yesterday"}),
        "/when/since",
        "unknown_choice",
    ),
    "held-is-no-duration": (when(held="long"), "/when/all/0/held", "bad_duration"),
    "held-for-nothing": (when(held=0), "/when/all/0/held", "bad_duration"),
    "times-of-nothing": (when(times=3), "/when/all/0/times", "wrong_type"),
    "times-without-a-span": (
        when(times={"at_least": 3}),
        "/when/all/0/times",
        "missing",
    ),
    "times-less-than-once": (
        when(times={"at_least": 0, "within": "1h"}),
        "/when/all/0/times/at_least",
        "bad_count",
    ),
    "times-more-than-are-remembered": (
        when(times={"at_least": 101, "within": "1h"}),
        "/when/all/0/times/at_least",
        "bad_count",
    ),
    "times-within-too-long": (
        when(times={"at_least": 3, "within": "91d"}),
        "/when/all/0/times/within",
        "bad_duration",
    ),
    "times-of-another-word": (
        when(times={"at_least": 3, "within": "1h", "for": 1}),
        "/when/all/0/times/for",
        "unknown_member",
    ),
    "more-of-the-last-than-there-are": (
        when(of_last={"at_least": 4, "of": 3}),
        "/when/all/0/of_last/at_least",
        "bad_count",
    ),
    "of-the-last-true": (
        when(of_last={"at_least": True, "of": 3}),
        "/when/all/0/of_last/at_least",
        "bad_count",
    ),
    "two-modifiers": (
        when(held="5m", of_last={"at_least": 1, "of": 3}),
        "/when/all/0/of_last",
        "one_modifier",
    ),
    "modifier-of-nothing": (given(when={"held": "5m"}), "/when", "missing"),
    "factor-is-no-number": (
        when(value={"fact": 0, "times": "2"}),
        f"{AT}/value/times",
        "wrong_type",
    ),
    "offset-is-null": (
        when(value={"fact": 0, "plus": None}),
        f"{AT}/value/plus",
        "null_constant",
    ),
    "range-of-one": (when(op="between", value=[1]), f"{AT}/value", "wrong_number"),
    "range-of-no-list": (when(op="between", value=1), f"{AT}/value", "wrong_type"),
    "range-upside-down": (
        when(op="between", value=[2, 1]),
        f"{AT}/value",
        "empty_range",
    ),
    "range-of-mixed-types": (
        when(op="outside", value=[1, "2026-01-01"]),
        f"{AT}/value",
        "wrong_type",
    ),
    "range-of-no-times": (
        when(op="between", value=["then", "now"]),
        f"{AT}/value",
        "bad_time",
    ),
    "one-of-nothing": (when(op="in", value=[]), f"{AT}/value", "wrong_number"),
    "one-of-null": (when(op="in", value=[1, None]), f"{AT}/value/1", "null_constant"),
    "one-of-mixed-types": (when(op="in", value=[1, "a"]), f"{AT}/value", "mixed_types"),
    "one-of-far-too-many": (
        when(op="in", value=list(range(1001))),
        f"{AT}/value",
        "too_many",
    ),
    "part-is-a-number": (
        when(op="starts_with", value=1),
        f"{AT}/value",
        "operator_not_for_type",
    ),
    "pattern-without-library": (
        when(op="matches", value="a+"),
        f"{AT}/value",
        "bad_pattern",
    ),
    "pattern-too-long": (
        when(op="matches", value="a" * 1001),
        f"{AT}/value",
        "too_long",
    ),
    "change-by-nothing": (
        {**given(), "when": {"fact": 0, "op": "rise"}},
        "/when",
        "missing",
    ),
    "change-by-zero": (moving(by=0), f"{AT}/by", "bad_amount"),
    "change-by-less-than-nothing": (moving(by="-5%"), f"{AT}/by", "bad_amount"),
    "change-by-a-word": (moving(by="much"), f"{AT}/by", "bad_amount"),
    "change-by-no-number": (moving(by="x%"), f"{AT}/by", "bad_amount"),
    "change-with-a-value": (
        when(op="rise", by=5),
        f"{AT}/value",
        "useless_member",
    ),
    "emptiness-with-a-value": (when(op="empty"), f"{AT}/value", "useless_member"),
    "case-of-a-number": (
        when(ignore_case=True),
        f"{AT}/ignore_case",
        "useless_member",
    ),
    "case-is-no-flag": (
        when(op="contains", value="x", ignore_case="yes"),
        f"{AT}/ignore_case",
        "wrong_type",
    ),
    "before-no-time": (when(op="before", value="soon"), f"{AT}/value", "bad_time"),
    "within-no-time": (
        when(op="within_last", value="0s"),
        f"{AT}/value",
        "bad_duration",
    ),
    "zone-unknown": (
        when(op="before", value="2026-01-01", zone="Mars/Base"),
        f"{AT}/zone",
        "unknown_zone",
    ),
    "zone-is-a-path": (
        when(op="before", value="2026-01-01", zone="../etc"),
        f"{AT}/zone",
        "unknown_zone",
    ),
    "day-unknown": (
        when(op="day_of_week", value=["fry"]),
        f"{AT}/value",
        "unknown_choice",
    ),
    "day-twice": (
        when(op="day_of_week", value=["fri", "fri"]),
        f"{AT}/value",
        "unknown_choice",
    ),
    "hours-of-one": (
        when(op="time_of_day", value=["09:30"]),
        f"{AT}/value",
        "wrong_number",
    ),
    "hours-that-are-none": (
        when(op="time_of_day", value=["09:30", "25:00"]),
        f"{AT}/value",
        "bad_time_of_day",
    ),
    "hours-of-no-length": (
        when(op="time_of_day", value=["09:30", "09:30"]),
        f"{AT}/value",
        "bad_time_of_day",
    ),
    "count-of-none": (when(op="has_at_least", value=0), f"{AT}/value", "bad_count"),
    "count-is-true": (when(op="has_at_least", value=True), f"{AT}/value", "bad_count"),
    "key-is-blank": (when(op="has_key", value=" "), f"{AT}/value", "blank"),
}
