"""Questions and changes of the ORM that every event asks, compiled when first asked.

Compiling one takes several times what the database takes to answer it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connection, models
from django.db.models.expressions import Expression
from django.db.models.query import get_related_populators
from django.db.models.sql import UpdateQuery

Model = TypeVar("Model", bound=models.Model)


class Given(Expression):
    """Stands in a question for the value of this name, given when it is asked."""

    def __init__(self, name: str) -> None:
        super().__init__(output_field=models.Field())
        self.name = name

    def as_sql(self, *_: Any, **__: Any) -> tuple[str, list[Any]]:  # type: ignore[override] # as Value does
        """Be a place of the statement, filled when it is asked."""
        return "%s", [self]


class Prepared(Generic[Model]):
    """Asks for rows of a model, and of those it relates to, by what is given."""

    def __init__(self, question: Callable[[], models.QuerySet[Model]]) -> None:
        self._question = question
        self._compiled: dict[str, _Compiled[Model]] = {}

    def ask(self, **given: Any) -> list[Model]:  # Any: what a column may hold
        """Ask with a value for each `Given`."""
        compiled = self._compiled.get(connection.vendor)
        if compiled is None:
            compiled = self._compiled[connection.vendor] = _Compiled(self._question())
        with connection.cursor() as cursor:
            compiled.statement.execute(cursor, given)
            return [compiled.row_as_model(row) for row in cursor.fetchall()]


class PreparedChange:
    """Changes the rows that a question finds, by what is given."""

    def __init__(
        self,
        question: Callable[[], models.QuerySet[Any]],
        **values: Any,  # Any: as `QuerySet.update` takes them
    ) -> None:
        self._question = question
        self._values = values
        self._statements: dict[str, _Statement] = {}

    def make(self, **given: Any) -> int:  # Any: what a column may hold
        """Change with a value for each `Given`; return how many rows it changed."""
        statement = self._statements.get(connection.vendor)
        if statement is None:
            statement = self._statements[connection.vendor] = self._compile()
        with connection.cursor() as cursor:
            statement.execute(cursor, given)
            return int(cursor.rowcount)

    def _compile(self) -> _Statement:
        # Any: the stubs do not say that what is chained is of this class.
        change: Any = self._question().query.chain(UpdateQuery)
        change.add_update_values(self._values)
        return _Statement(*change.get_compiler(DEFAULT_DB_ALIAS).as_sql())


class _Statement:
    """A statement whose constants are written out, and the names of what it is given.

    SQLite, which plans before it sees a value, would use no partial index for them.
    """

    def __init__(self, text: str, values: Sequence[object]) -> None:
        before, *pieces = text.split("%s")
        written, self._names = [before], []
        for value, piece in zip(values, pieces, strict=True):
            if isinstance(value, Given):
                self._names.append(value.name)
            written += ["%s" if isinstance(value, Given) else _literal(value), piece]
        self._text = "".join(written)

    # Any: a cursor, and what a column may hold.
    def execute(self, cursor: Any, given: Mapping[str, Any]) -> None:
        """Execute it with the values of these names."""
        cursor.execute(self._text, [_adapted(given[name]) for name in self._names])


class _Compiled(Generic[Model]):
    """The statement of a question, and what Django knows of the rows it brings."""

    def __init__(self, question: models.QuerySet[Model]) -> None:
        compiler = question.query.get_compiler(DEFAULT_DB_ALIAS)
        self.statement = _Statement(*compiler.as_sql())
        selected, about = compiler.select, compiler.klass_info
        columns = [column for column, *_ in selected]
        self._model: type[Model] = about["model"]
        mine = [columns[place] for place in about["select_fields"]]
        self._names = [column.target.attname for column in mine]
        self._converters = compiler.get_converters(columns).items()
        self._related = get_related_populators(about, selected, DEFAULT_DB_ALIAS)  # type: ignore[call-arg] # the stubs are of a newer Django

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


def _literal(value: object) -> str:
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str) and not {"'", "%"} & {*value}:
        return f"'{value}'"
    raise TypeError(f"Give {value!r} when asking; plain constants alone are written.")


def _adapted(value: Any) -> Any:  # Any: what a column may hold
    """Return a value as Django hands it to the database."""
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    if isinstance(value, UUID) and not connection.features.has_native_uuid_field:
        return value.hex
    return value
