"""Definitions, each with the sentence that is said of it."""

from tests.rules.engine.windows_said import WINDOWS_SAID

P, OPEN = "CORE:STOCK:MSFT:price", "CORE:STOCK:MSFT:open"
LOW = {"fact": P, "op": "<=", "value": 310}
HIGH = {"fact": OPEN, "op": ">", "value": 5}

SAID = {
    "threshold": (
        {"when": LOW},
        "When MSFT price is at or below 310, raise a warning.",
    ),
    "one-output": (
        {"when": LOW, "outputs": [{"output": "email-me", "at_most_every": "1h"}]},
        (
            "When MSFT price is at or below 310, raise a warning and tell email-me at"
            " most once an hour."
        ),
    ),
    "two-outputs": (
        {
            "when": LOW,
            "severity": "critical",
            "outputs": [
                {"output": "email-me", "at_most_every": "5m"},
                {"output": "hook", "at_most_every": 0},
            ],
        },
        (
            "When MSFT price is at or below 310, raise a critical alert and tell"
            " email-me at most once every 5 minutes and hook every time."
        ),
    ),
    **WINDOWS_SAID,
    "any-key": (
        {"when": {"fact": "CORE:STOCK:*:price", "op": ">", "value": 9}},
        "When price of any STOCK key is above 9, raise a warning, each key on its own.",
    ),
    "without-key": (
        {"when": {"fact": "DEMO:GOOG:_:Close", "op": ">", "value": 500}},
        "When GOOG Close is above 500, raise a warning.",
    ),
    "fact-against-fact": (
        {"when": {"fact": P, "op": "<", "value": {"fact": OPEN}}},
        "When MSFT price is below MSFT open, raise a warning.",
    ),
    "fact-against-its-own": (
        {
            "when": {
                "fact": "DEMO:GOOG:*:Close",
                "op": "<",
                "value": {"fact": "DEMO:GOOG:*:Open"},
            }
        },
        (
            "When Close of any GOOG key is below its Open, raise a warning, each key on"
            " its own."
        ),
    ),
    "two-datasets": (
        {
            "when": {
                "fact": "CORE:STOCK:*:price",
                "op": "<",
                "value": {"fact": "DEMO:LIMITS:*:least"},
            }
        },
        (
            "When price of any CORE:STOCK key is below its least in DEMO:LIMITS, raise"
            " a warning, each key on its own."
        ),
    ),
    "between": (
        {"when": {"fact": P, "op": "between", "value": [1, 2]}},
        "When MSFT price is between 1 and 2, raise a warning.",
    ),
    "one-of": (
        {
            "when": {
                "fact": P,
                "op": "in",
                "value": ["a", "b", "c"],
                "ignore_case": True,
            }
        },
        'When MSFT price is one of "a", "b" or "c" in any case, raise a warning.',
    ),
    "crossing": (
        {"when": {"fact": P, "op": "cross_up", "value": {"fact": OPEN, "times": 2}}},
        "When MSFT price crosses above 2 times MSFT open, raise a warning.",
    ),
    "falling": (
        {"when": {"fact": P, "op": "fall", "by": "5%"}},
        "When MSFT price falls by at least 5 %, raise a warning.",
    ),
    "falling-since-the-last-alert": (
        {"when": {"fact": P, "op": "fall", "by": 5, "since": "last_alert"}},
        (
            "When MSFT price falls by at least 5 since the last alert, at first since"
            " the first value, raise a warning."
        ),
    ),
    "offset": (
        {"when": {"fact": P, "op": "<", "value": {"fact": OPEN, "plus": -1}}},
        "When MSFT price is below MSFT open minus 1, raise a warning.",
    ),
    "missing": (
        {"when": {"fact": P, "op": "is_missing"}},
        "When MSFT price has no value, raise a warning.",
    ),
    "time-of-day": (
        {
            "when": {
                "fact": P,
                "op": "time_of_day",
                "value": ["09:30", "16:00"],
                "zone": "America/New_York",
            }
        },
        (
            "When MSFT price is at a time from 09:30 to 16:00 (America/New_York time),"
            " raise a warning."
        ),
    ),
    "long-ago": (
        {"when": {"fact": P, "op": "within_last", "value": "1h"}},
        "When MSFT price is within the last hour, raise a warning.",
    ),
    "held": (
        {"kind": "state", "hold": "5m", "when": LOW, "recover": {"hold": "1m"}},
        (
            "When MSFT price is at or below 310 for 5 minutes, open a warning until it"
            " is no longer so for 1 minute."
        ),
    ),
    "held-condition": (
        {"when": {"any": [{**LOW, "held": "5m"}, HIGH], "held": "1h"}},
        (
            "When (MSFT price is at or below 310 (held for 5 minutes) or MSFT open is"
            " above 5) (held for 1 hour), raise a warning."
        ),
    ),
    "held-opposite": (
        {"when": {"not": {**LOW, "held": "5m"}}},
        (
            "When it is not so that MSFT price is at or below 310 (held for 5 minutes),"
            " raise a warning."
        ),
    ),
    "opposite-held": (
        {"when": {"not": LOW, "held": "5m"}},
        (
            "When (it is not so that MSFT price is at or below 310) (held for 5"
            " minutes), raise a warning."
        ),
    ),
    "times": (
        {"when": {**LOW, "times": {"at_least": 3, "within": "10m"}}},
        (
            "When MSFT price is at or below 310 (at 3 or more events within 10"
            " minutes), raise a warning."
        ),
    ),
    "sequence": (
        {"when": {"sequence": [LOW, HIGH], "within": "10m"}},
        (
            "When MSFT price is at or below 310, then at a later event MSFT open is"
            " above 5 within 10 minutes, raise a warning."
        ),
    ),
    "sequence-without": (
        {
            "when": {
                "any": [
                    {
                        "sequence": [LOW, {"all": [LOW, HIGH]}],
                        "within": "1h",
                        "without": HIGH,
                        "times": {"at_least": 2, "within": "1d"},
                    },
                    LOW,
                ]
            }
        },
        (
            "When (MSFT price is at or below 310, then at a later event (MSFT price is"
            " at or below 310 and MSFT open is above 5) within 1 hour, and at no event"
            " between them MSFT open is above 5) (at 2 or more events within 1 day) or"
            " MSFT price is at or below 310, raise a warning."
        ),
    ),
    "of-last": (
        {"when": {**LOW, "of_last": {"at_least": 3, "of": 5}}},
        (
            "When MSFT price is at or below 310 (at 3 or more of the last 5 events),"
            " raise a warning."
        ),
    ),
    "recovery": (
        {
            "kind": "state",
            "when": LOW,
            "recover": {"when": {"fact": P, "op": ">", "value": 315}},
            "no_data": {"after": "10m", "then": "resolve"},
        },
        (
            "When MSFT price is at or below 310, open a warning until MSFT price is"
            " above 315, and resolve when silent for 10 minutes."
        ),
    ),
    "active": (
        {
            "when": LOW,
            "active": {
                "hours": "09:30-16:00",
                "days": "mon-fri",
                "zone": "America/New_York",
                "holidays": ["2026-12-25"],
            },
            "expires_at": "2026-12-31T00:00:00Z",
        },
        (
            "When MSFT price is at or below 310 (from 09:30 to 16:00, on Monday,"
            " Tuesday, Wednesday, Thursday and Friday, except 1 holiday,"
            " America/New_York time), raise a warning, until 2026-12-31 00:00 UTC."
        ),
    ),
    "again-if-moved": (
        {
            "when": LOW,
            "raise": {"mode": "again_if_moved", "again_if_moved": "2%"},
        },
        (
            "When MSFT price is at or below 310, raise a warning and another when it"
            " has moved by 2 %."
        ),
    ),
    "once": (
        {"when": LOW, "raise": {"mode": "once"}},
        ("When MSFT price is at or below 310, raise a warning once, then turn off."),
    ),
    "ladder": (
        {
            "when": LOW,
            "ladder": [
                {"when": {"all": [LOW, HIGH]}, "is": "critical"},
                {"when": HIGH, "is": "info"},
            ],
        },
        (
            "When MSFT price is at or below 310, raise a warning (critical while MSFT"
            " price is at or below 310 and MSFT open is above 5; a notice while MSFT"
            " open is above 5)."
        ),
    ),
    "reminders": (
        {
            "kind": "state",
            "when": LOW,
            "raise": {"remind_every": "1h", "again_if_moved": "5%"},
            "outputs": [{"output": "email-me"}],
        },
        (
            "When MSFT price is at or below 310, open a warning until it is no longer"
            " so, reminding once an hour and whenever it has moved by 5 % and tell"
            " email-me at most once a minute, and once more when it is over."
        ),
    ),
    "silence": (
        {"when": {"fact": P, "op": "silent", "value": "5m"}},
        "When MSFT price has been silent for 5 minutes, raise a warning.",
    ),
    "count": (
        {"when": {"fact": P, "op": "has_at_least", "value": 2}},
        "When MSFT price has at least 2 items, raise a warning.",
    ),
    "all": (
        {"when": {"all": [LOW, HIGH]}},
        "When MSFT price is at or below 310 and MSFT open is above 5, raise a warning.",
    ),
    "nested": (
        {"when": {"any": [LOW, {"all": [HIGH, {"not": LOW}]}]}},
        (
            "When MSFT price is at or below 310 or (MSFT open is above 5 and (it is not"
            " so that MSFT price is at or below 310)), raise a warning."
        ),
    ),
    "not-a-flag": (
        {"when": {"any": [{"not": {"fact": P, "op": "eq", "value": True}}, LOW]}},
        (
            "When MSFT price is not true or MSFT price is at or below 310, raise a"
            " warning."
        ),
    ),
    "not-a-group": (
        {"when": {"not": {"all": [LOW, HIGH]}}},
        (
            "When it is not so that (MSFT price is at or below 310 and MSFT open is"
            " above 5), raise a warning."
        ),
    ),
    "group-of-one": (
        {"when": {"all": [LOW]}},
        "When MSFT price is at or below 310, raise a warning.",
    ),
    "text": (
        {"when": {"fact": P, "op": "eq", "value": "halted"}},
        'When MSFT price is "halted", raise a warning.',
    ),
    "flag": (
        {"when": {"fact": P, "op": "ne", "value": True}, "severity": "info"},
        "When MSFT price is not true, raise a notice.",
    ),
    "number-equals": (
        {"when": {"fact": P, "op": "eq", "value": 5}},
        "When MSFT price equals 5, raise a warning.",
    ),
    "on-enter": (
        {"when": LOW, "raise": {"mode": "on_enter"}},
        "When MSFT price is at or below 310, raise a warning when it becomes so.",
    ),
    "state": (
        {"kind": "state", "when": LOW, "outputs": [{"output": "email-me"}]},
        (
            "When MSFT price is at or below 310, open a warning until it is no longer"
            " so and tell email-me at most once a minute, and once more when it is"
            " over."
        ),
    ),
    "quiet-end": (
        {
            "kind": "state",
            "when": LOW,
            "raise": {"resolved": False},
            "outputs": [{"output": "email-me"}],
        },
        (
            "When MSFT price is at or below 310, open a warning until it is no longer"
            " so and tell email-me at most once a minute."
        ),
    ),
}
