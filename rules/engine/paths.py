r"""Fact paths: ``WORKSPACE:DATASET:KEY:FIELD``, the one way to name a fact.

Workspace and dataset run to the first and second colon, the field stands after the
last, and the key is all between, colons included. ``*`` (or ``ANYEVENT``) as the key
means any key, each on its own; a key that is the star itself is ``\*``. A field may be
a path into an object, ``field.part[0]``; a dot inside a name is ``\.``. Apperate's form
for own data, ``DEMO:DATASET:PRICES:price``, is read as ``DEMO:PRICES:*:price``.
"""

import re
from dataclasses import dataclass
from dataclasses import field as derived
from typing import Self

from rules.engine.errors import FactPathInvalid
from rules.engine.values import brief

SHARED_WORKSPACE = "CORE"
"""The workspace whose datasets every other one may read and watch."""

ANY_KEY = "*"
ONLY_KEY = "_"
"""The key of a dataset that has no key column."""

_ANY_KEYS = frozenset({ANY_KEY, "ANYEVENT"})
_OWN_DATA = "DATASET"
_COLONS = 3
_NAME = re.compile(r"[A-Za-z0-9_]+", re.ASCII)
_STEP = re.compile(
    r"\[(?P<index>\d{1,9})\](?=$|[.\[])|\.|\\(?P<escaped>[.\[\\])|(?P<plain>.)",
    re.DOTALL,
)

Step = str | int


@dataclass(frozen=True, slots=True)
class FactPath:
    """The name of a fact, in the spelling of its author.

    Two spellings of one fact (``core:Stock:...``) are different paths with the same
    ``identity``. ``own_data`` remembers Apperate's form, which its receivers expect
    back.
    """

    workspace: str
    dataset: str
    key: str
    field: str
    own_data: bool = False
    series: str = derived(init=False, repr=False, compare=False)
    named_key: str | None = derived(init=False, repr=False, compare=False)
    root: str = derived(init=False, repr=False, compare=False)
    steps: tuple[Step, ...] = derived(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Work out once what every reading needs."""
        root, *steps = _split_field(self.field)
        series = f"{self.workspace}:{self.dataset}".upper()
        object.__setattr__(self, "series", series)
        object.__setattr__(self, "named_key", _named_key(self.key))
        object.__setattr__(self, "root", root)
        object.__setattr__(self, "steps", tuple(steps))

    @classmethod
    def parse(cls, text: str, workspace: str | None = None) -> Self:
        """Read a path; with ``workspace``, refuse one that this workspace may not read.

        Raises:
            FactPathInvalid: a part is missing, empty or not a name.
        """
        if text.count(":") < _COLONS:
            raise FactPathInvalid(
                f'"{brief(text)}" is not a fact. Write WORKSPACE:DATASET:KEY:FIELD,'
                " as in CORE:STOCK:AAPL:latestPrice."
            )
        owner, dataset, rest = text.split(":", 2)
        key, field_name = rest.rsplit(":", 1)
        own_data = dataset.upper() == _OWN_DATA
        if own_data:
            dataset, key = key, ANY_KEY
        _check_parts(text, owner, dataset, key, field_name)
        path = cls(owner, dataset, key, field_name, own_data)
        if workspace is not None and not path.is_open_to(workspace):
            raise FactPathInvalid(
                f'"{brief(text)}" belongs to another workspace. A rule reads facts of'
                f" its own workspace ({workspace}) and of {SHARED_WORKSPACE}."
            )
        return path

    @classmethod
    def naming(
        cls, *, workspace: str, dataset: str, key: str | None, name: str
    ) -> Self:
        """Build the path of a plain field from names as stored; no key means any."""
        written = ANY_KEY if key is None else _escape_key(key)
        return cls(workspace, dataset, written, re.sub(r"([.\[\\])", r"\\\1", name))

    def __str__(self) -> str:
        """Write the path as its author wrote it."""
        return self.under(self.key)

    @property
    def any_key(self) -> bool:
        """Tell whether the path names the fact of every key."""
        return self.named_key is None

    @property
    def identity(self) -> tuple[str, str | None, tuple[Step, ...]]:
        """Give what two spellings of one fact have in common."""
        return self.series, self.named_key, (self.root, *self.steps)

    def is_open_to(self, workspace: str) -> bool:
        """Tell whether rules of a workspace may read this fact."""
        return self.workspace.upper() in (workspace.upper(), SHARED_WORKSPACE)

    def under(self, key: str) -> str:
        """Write the four parts with ``*`` replaced by a key."""
        return f"{self.set_under(key)}:{self.field}"

    def set_under(self, key: str) -> str:
        """Write the path without its field, ``*`` replaced by a key."""
        if self.own_data:
            return f"{self.workspace}:{_OWN_DATA}:{self.dataset}"
        named = key if self.any_key else self.key
        return f"{self.workspace}:{self.dataset}:{named}"


def _check_parts(text: str, workspace: str, dataset: str, key: str, name: str) -> None:
    for part, value in (("workspace", workspace), ("dataset", dataset)):
        if _NAME.fullmatch(value) is None:
            raise FactPathInvalid(
                f'The {part} in "{brief(text)}" is "{brief(value)}"; it is a name of'
                " letters, digits and underscores."
            )
    if not key:
        raise FactPathInvalid(
            f'The key in "{brief(text)}" is empty; write * for any key.'
        )
    if not all(step != "" for step in _split_field(name)):
        raise FactPathInvalid(
            f'The field in "{brief(text)}" is empty, or a part of it is.'
        )


def _named_key(key: str) -> str | None:
    if key in _ANY_KEYS:
        return None
    bare = key.lstrip("\\")
    return key[1:] if bare in _ANY_KEYS else key


def key_name(key: str) -> str:
    """Return a key as people know it: blank where a dataset has no key column."""
    return "" if key == ONLY_KEY else key


def _escape_key(key: str) -> str:
    return f"\\{key}" if key.lstrip("\\") in _ANY_KEYS else key


def _split_field(written: str) -> list[Step]:
    r"""Split ``quote.bids[0]`` into ``quote``, ``bids``, 0; ``a\.b`` is one name."""
    steps: list[Step] = [""]
    for match in _STEP.finditer(written):
        if match["index"] is not None and steps != [""]:
            steps.append(int(match["index"]))
        elif match[0] == ".":
            steps.append("")
        else:
            letter = match["escaped"] or match["plain"] or match[0]
            steps[-1] = f"{steps[-1]}{letter}"
    return steps
