"""Definitions that ask about windows, each with the sentence that is said of it."""

P = "CORE:STOCK:MSFT:price"

WINDOWS_SAID = {
    "window": (
        {
            "kind": "state",
            "when": {
                "fact": P,
                "over": {"take": "avg", "length": "1h"},
                "op": ">",
                "value": 310,
            },
            "recover": {
                "when": {
                    "fact": P,
                    "over": {"take": "count", "last": 20},
                    "op": "<",
                    "value": 5,
                }
            },
        },
        (
            "When the average of MSFT price over the last hour is above 310, open a"
            " warning until the number of values of MSFT price over the last 20 values"
            " is below 5."
        ),
    ),
    "unusually-high": (
        {
            "when": {
                "fact": P,
                "op": "anomaly",
                "over": {"last": 50, "at_least": 20},
                "value": 3.5,
                "direction": "above",
                "by": "2%",
            }
        },
        (
            "When MSFT price is unusually high (more than 3.5 robust deviations and"
            " more than 2 % above the median of the 50 values before it, once there are"
            " 20), raise a warning."
        ),
    ),
    "unusual-in-an-hour": (
        {"when": {"fact": P, "op": "anomaly", "over": {"length": "1h"}, "value": 1}},
        (
            "When MSFT price is unusual (more than 1 robust deviation from the median"
            " of the values of the hour before it, once there are 10), raise a warning."
        ),
    ),
    "each-hour": (
        {
            "kind": "state",
            "when": {
                "fact": P,
                "over": {"take": "sum", "window": "tumbling", "length": "1h"},
                "op": ">",
                "value": 5,
            },
            "raise": {"mode": "on_window_close"},
        },
        (
            "When the sum of MSFT price over each hour is above 5, open a warning once"
            " a window is final until it is no longer so."
        ),
    ),
    "each-two-days-somewhere": (
        {
            "when": {
                "fact": P,
                "over": {
                    "take": "count",
                    "window": "tumbling",
                    "length": "2d",
                    "zone": "Europe/Berlin",
                },
                "op": "<",
                "value": 1,
            }
        },
        (
            "When the number of values of MSFT price over each 2 days (Europe/Berlin"
            " time) is below 1, raise a warning."
        ),
    ),
    "fall-within": (
        {"when": {"fact": P, "op": "fall", "by": "5%", "within": "1h"}},
        (
            "When MSFT price falls by at least 5 % from its highest within the last"
            " hour, raise a warning."
        ),
    ),
    "new-high": (
        {"when": {"fact": P, "op": "new_high", "within": "30d"}},
        "When MSFT price sets a new high within the last 30 days, raise a warning.",
    ),
    "change-within": (
        {"when": {"fact": P, "op": "change", "by": 5, "within": "90m"}},
        (
            "When MSFT price moves by at least 5 from its lowest or highest within the"
            " last 90 minutes, raise a warning."
        ),
    ),
}
