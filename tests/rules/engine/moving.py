"""Values of x in turn, and what operators that look back answer of each."""

from decimal import Decimal

T, F, U = "true", "false", "unknown"
NEAR: dict[str, object] = {
    "op": "anomaly",
    "value": 3,
    "over": {"last": 5, "at_least": 3},
}
MOVING = {
    # Of 10, 11 and 12 the median is 11 and the robust deviation 1.4826.
    "unusual-beyond-three-deviations": (
        NEAR,
        [10, 11, 12, Decimal("15.4479")],
        [U, U, U, T],
    ),
    "on-the-edge-is-usual": (NEAR, [10, 11, 12, Decimal("15.4478")], [U, U, U, F]),
    "unusually-low": (NEAR, [10, 11, 12, 6], [U, U, U, T]),
    "low-is-not-unusually-high": (
        {**NEAR, "direction": "above"},
        [10, 11, 12, 6, 14],
        [U, U, U, F, F],
    ),
    "high-is-not-unusually-low": (
        {**NEAR, "direction": "below"},
        [10, 11, 12, 16, 6],
        [U, U, U, F, T],
    ),
    "of-an-even-number-the-middle-two": (
        NEAR,
        [10, 11, 12, 13, Decimal("15.9478"), 17],
        [U, U, U, F, F, T],
    ),
    "wild-value-moves-the-band-little": (NEAR, [10, 11, 12, 900, 900], [U, U, U, T, T]),
    "no-spread-and-another-value": (NEAR, [5, 5, 5, 5, 6], [U, U, U, F, U]),
    "no-spread-and-far-enough": (
        {**NEAR, "by": 2},
        [5, 5, 5, 7, Decimal("7.1")],
        [U, U, U, F, T],
    ),
    "beyond-the-band-and-not-far": (
        {**NEAR, "by": 50},
        [10, 11, 12, 40, 62],
        [U, U, U, F, T],
    ),
    "far-by-a-share-of-the-median": (
        {**NEAR, "by": "100%"},
        [-5, -5, -5, -10, Decimal("-10.1")],
        [U, U, U, F, T],
    ),
    "share-of-a-median-of-0": ({**NEAR, "by": "10%"}, [-1, 0, 1, 90], [U, U, U, U]),
    "null-is-not-unusual": (NEAR, [10, 11, 12, None, "99", 99], [U, U, U, U, U, T]),
    "only-so-many-before-count": (
        NEAR,
        [90, 91, 92, 10, 11, 12, 13, 14, 90],
        [U, U, U, T, T, T, F, F, T],
    ),
    "new-high-above-all-before": (
        {"op": "new_high", "within": "1h"},
        [1, 2, 2, 1, 3],
        [U, T, F, F, T],
    ),
    "new-high-after-null-and-text": (
        {"op": "new_high", "within": "1h"},
        [1, None, "9", 2],
        [U, U, U, T],
    ),
    "new-low-below-all-before": (
        {"op": "new_low", "within": "1h"},
        [3, 2, 2, 3, Decimal("1.9")],
        [U, T, F, F, T],
    ),
    "up-from-below": ({"op": "cross_up", "value": 10}, [9, 11], [U, T]),
    "never-below": ({"op": "cross_up", "value": 10}, [11, 10, 11], [U, F, F]),
    "up-by-way-of-the-level": ({"op": "cross_up", "value": 10}, [9, 10, 11], [U, F, T]),
    "level-twice": ({"op": "cross_up", "value": 10}, [9, 10, 10, 11], [U, F, F, T]),
    "back-and-forth": ({"op": "cross", "value": 10}, [9, 11, 9, 11], [U, T, T, T]),
    "crosses-only-once": ({"op": "cross", "value": 10}, [9, 11, 12], [U, T, F]),
    "down-only": ({"op": "cross_down", "value": 10}, [9, 11, 9, 11], [U, F, T, F]),
    "first-value-sets-the-side": ({"op": "cross_up", "value": 10}, [11], [U]),
    "level-first": ({"op": "cross_up", "value": 10}, [10, 11, 9, 11], [U, U, F, T]),
    "null-keeps-the-side": ({"op": "cross_up", "value": 10}, [9, None, 11], [U, U, T]),
    "text-loses-the-side": (
        {"op": "cross_up", "value": 10},
        [9, "x", 11, 9, 11],
        [U, U, U, F, T],
    ),
    "rises-by": ({"op": "rise", "by": 2}, [10, 12, 13], [U, T, F]),
    "rises-by-a-share": ({"op": "rise", "by": "10%"}, [10, 11, 12], [U, T, F]),
    "third-is-exact": ({"op": "rise", "by": "10%"}, [3, Decimal("3.3")], [U, T]),
    "falling-is-no-rise": ({"op": "rise", "by": 2}, [10, 7], [U, F]),
    "rising-is-no-fall": ({"op": "fall", "by": 2}, [10, 13], [U, F]),
    "falls-by": ({"op": "fall", "by": 2}, [10, 8, 9], [U, T, F]),
    "moves-either-way": ({"op": "change", "by": 2}, [10, 8, 10, 11], [U, T, T, F]),
    "share-of-nothing": ({"op": "rise", "by": "10%"}, [0, 5], [U, U]),
    "share-of-a-negative": ({"op": "rise", "by": "50%"}, [-10, -5], [U, T]),
    "base-is-null": ({"op": "rise", "by": 1}, [10, None, 12], [U, U, U]),
    "changes": ({"op": "changed"}, [1, 1, Decimal("1.0"), 2], [U, F, F, T]),
    "change-passes-over-null": (
        {"op": "changed"},
        [1, None, 1, None, 2],
        [U, U, F, U, T],
    ),
    "one-is-not-true": ({"op": "changed"}, [1, True], [U, T]),
    "lists-change-inside": ({"op": "changed"}, [[1], [True]], [U, T]),
    "changes-to": ({"op": "changed_to", "value": 2}, [2, 1, 2, 2], [U, F, T, F]),
    "changes-to-a-text": ({"op": "changed_to", "value": "b"}, ["a", "b"], [U, T]),
    "becomes-true": ({"op": "becomes_true"}, [True, False, True, True], [U, F, T, F]),
    "becomes-false": ({"op": "becomes_false"}, [True, False, False], [U, T, F]),
    "true-is-not-becoming-false": ({"op": "becomes_false"}, [False, True], [U, F]),
    "becomes-true-after-null": ({"op": "becomes_true"}, [False, None, True], [U, U, T]),
    "text-becomes-nothing": ({"op": "becomes_true"}, ["no", True], [U, U]),
}
