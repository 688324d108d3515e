"""Example rules that Home offers as cards, each turned on by one click.

They watch the simulated market. Where a rule needs a number, it is taken from the
prices of the moment, so that the first alert comes within a minute.
"""

from __future__ import annotations
