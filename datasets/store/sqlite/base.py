"""The backend itself; Django finds `DatabaseWrapper` in a module of this name.

Every write of the process waits in one fair line: transactions from BEGIN to their
end, single statements while they run. So django-celery-beat, sessions and audit keep
the order too, without knowing of it.
"""

from typing import Any

from django.db.backends.sqlite3 import base

from datasets.store.sqlite.lock import WRITER

# Statements that do not write, or that are themselves the bounds of a transaction.
_UNWAITING = (
    "SELECT",
    "WITH",
    "PRAGMA",
    "EXPLAIN",
    "BEGIN",
    "SAVEPOINT",
    "RELEASE",
    "ROLLBACK",
)


class _FairCursor(base.SQLiteCursorWrapper):
    """Takes the line for a write outside a transaction."""

    def execute(self, query: str, params: Any = None) -> Any:  # Any: as Django's
        if self._waits(query):
            with WRITER:
                return super().execute(query, params)
        return super().execute(query, params)

    def executemany(self, query: str, param_list: Any) -> Any:  # Any: as Django's
        if self._waits(query):
            with WRITER:
                return super().executemany(query, param_list)
        return super().executemany(query, param_list)

    def _waits(self, query: str) -> bool:
        # Inside a transaction the line was taken at its BEGIN.
        return not self.connection.in_transaction and not query.lstrip()[
            :9
        ].upper().startswith(_UNWAITING)


class DatabaseWrapper(base.DatabaseWrapper):
    """SQLite whose transactions begin IMMEDIATE, in the order in which they asked."""

    _holds_line = False

    def create_cursor(self, name: str | None = None) -> base.SQLiteCursorWrapper:
        """Return a cursor that knows of the line."""
        cursor: base.SQLiteCursorWrapper = self.connection.cursor(factory=_FairCursor)
        return cursor

    def _start_transaction_under_autocommit(self) -> None:
        WRITER.acquire()
        self._holds_line = True
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc] # not in stubs
        except BaseException:
            self._leave_line()
            raise

    def _commit(self) -> None:
        # A commit that fails is followed by a rollback, which leaves the line.
        super()._commit()  # type: ignore[misc] # not in stubs
        self._leave_line()

    def _rollback(self) -> None:
        try:
            super()._rollback()  # type: ignore[misc] # not in stubs
        finally:
            self._leave_line()

    def _close(self) -> None:
        try:
            super()._close()  # type: ignore[misc] # not in stubs
        finally:
            self._leave_line()

    def _leave_line(self) -> None:
        if self._holds_line:
            self._holds_line = False
            WRITER.release()
