"""`manage.py up`: prepares the installation and keeps its parts running.

The command (`management/commands/up.py`) becomes the parent (`parent.py`): it loads the
program (`loading.py`) while its first child prepares the installation (`preparing.py`),
then forks the parts (`parts.py`, `children.py`). In the embedded default there is one
part that is everything; in the full mode web, workers, beat and runner are one each
(`plan.py`).
"""
