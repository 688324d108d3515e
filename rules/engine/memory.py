"""What the conditions of one rule remember of one key, from run to run."""

from collections.abc import Mapping


class Memory:
    """Read as the run before left it, written anew; what is not kept is forgotten."""

    def __init__(self, before: Mapping[str, object]) -> None:
        self._before = before
        self.kept: dict[str, object] = {}

    def recall(self, memory_id: str) -> object:
        """Give what a condition kept at the run before; ``None`` if nothing."""
        return self._before.get(memory_id)

    def keep(self, memory_id: str, remembered: object) -> None:
        """Keep what a condition must know at its next run."""
        if remembered is not None:
            self.kept[memory_id] = remembered

    @property
    def has_changed(self) -> bool:
        """Tell whether anything is kept that was not, or is no longer."""
        return self.kept != self._before
