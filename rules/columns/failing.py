"""Rules that could not be judged when they ran last: they are asked until they can."""

from collections.abc import Mapping

_NONE: Mapping[int, int] = {}


class Failing:
    """Rules by the key whose events fail them, with their truth by the index."""

    def __init__(self) -> None:
        self._truths: dict[str, dict[int, int]] = {}

    def note(self, key: str, rule: int, truth: int) -> None:
        """Note that a rule failed."""
        self._truths.setdefault(key, {})[rule] = truth

    def on(self, key: str) -> Mapping[int, int]:
        """Give the rules that events of a key failed last."""
        return self._truths.get(key, _NONE)

    def drop(self, rule: int, key: str | None) -> None:
        """Forget a rule, under a key or under all: it was judged, or is gone."""
        for one in list(self._truths) if key is None else [key]:
            rules = self._truths.get(one)
            if rules is not None:
                rules.pop(rule, None)
                if not rules:
                    del self._truths[one]
