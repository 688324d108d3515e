"""Questions of the ORM that are asked for every event, compiled when first asked.

Compiling one takes several times what the database takes to answer it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection, models
from django.db.models.expressions import Expression
from django.db.models.query import get_related_populators

Model = TypeVar("Model", bound=models.Model)


class Given(Expression):
    """Stands in a question for the value of this name, given when it is asked."""

    def __init__(self, name: str) -> None:
        super().__init__(output_field=models.Field())
        self.name = name

    def as_sql(self, *_: Any, **__: Any) -> tuple[str, list[Any]]:  # type: ignore[override] # as Value does
        """Be a place of the statement; it is filled by `Prepared.ask`."""
        return "%s", [self]


class Prepared(Generic[Model]):
    """Asks for rows of a model, and of those it relates to, by what is given."""

    def __init__(self, question: Callable[[], models.QuerySet[Model]]) -> None:
        self._question = question
        self._compiled: dict[str, _Compiled[Model]] = {}

    def ask(self, **given: Any) -> list[Model]:  # Any: as databases take them
        """Ask with a value for each `Given`."""
        compiled = self._compiled.get(connection.vendor)
        if compiled is None:
            compiled = self._compiled[connection.vendor] = _Compiled(self._question())
        with connection.cursor() as cursor:
            cursor.execute(compiled.statement, compiled.values(given))
            return [compiled.row_as_model(row) for row in cursor.fetchall()]


class _Compiled(Generic[Model]):
    """The statement of a question, and what Django knows of the rows it brings."""

    def __init__(self, question: models.QuerySet[Model]) -> None:
        compiler = question.query.get_compiler(DEFAULT_DB_ALIAS)
        self.statement, self._given = _written_out(*compiler.as_sql())
        selected, about = compiler.select, compiler.klass_info
        columns = [column for column, *_ in selected]
        self._model: type[Model] = about["model"]
        mine = [columns[place] for place in about["select_fields"]]
        self._names = [column.target.attname for column in mine]
        self._converters = compiler.get_converters(columns).items()
        self._related = get_related_populators(about, selected, DEFAULT_DB_ALIAS)  # type: ignore[call-arg] # the stubs are of a newer Django

    def values(self, given: Mapping[str, Any]) -> list[Any]:
        """Return what fills the statement's places."""
        return [given[name] for name in self._given]

    def row_as_model(self, row: Sequence[Any]) -> Model:  # Any: as the driver gives it
        """Return a row as Django would."""
        values = list(row)
        for place, (converters, column) in self._converters:
            for convert in converters:
                values[place] = convert(values[place], column, connection)
        found = self._model.from_db(
            DEFAULT_DB_ALIAS, self._names, values[: len(self._names)]
        )
        for related in self._related:
            related.populate(values, found)
        return found


def _written_out(statement: str, values: Sequence[object]) -> tuple[str, Sequence[str]]:
    """Write constants into a statement; return it and the names of what is left.

    SQLite, which plans before it sees a value, would use no partial index for them.
    """
    before, *pieces = statement.split("%s")
    written, given = [before], []
    for value, piece in zip(values, pieces, strict=True):
        if isinstance(value, Given):
            given.append(value.name)
        written += ["%s" if isinstance(value, Given) else _literal(value), piece]
    return "".join(written), given


def _literal(value: object) -> str:
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str) and not {"'", "%"} & {*value}:
        return f"'{value}'"
    raise TypeError(f"Give {value!r} when asking; plain constants alone are written.")
