"""`manage.py up`: prepares the installation and keeps its parts running.

The command (`management/commands/up.py`) prepares, then replaces itself by the small
parent (`parent.py`), which starts the parts (`parts.py`) as its children. In the
embedded default there is one child that is everything; in the full mode web, workers,
beat and runner are one each (`plan.py`).
"""
