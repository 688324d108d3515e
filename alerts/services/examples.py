"""Example rules that Home offers as cards, each turned on by one click.

They watch the shared market, and are offered while its data come in. Where a rule
needs a number or a share, it is chosen by the quotes of the moment, so that its first
alert comes within a minute.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_FLOOR, ROUND_UP, Decimal
from typing import Final

from datasets.models import Dataset, Fact, Record
from datasets.services import is_beginning, is_resting, is_waiting, open_lane
from rules.engine import render_sentence
from rules.models import Rule
from rules.services import create_rule, parse_rule, turn_rule
from workspaces.access import Access
from workspaces.models import Workspace
from workspaces.refusals import Missing
from workspaces.services import CORE

STOCK: Final = "STOCK"
#: Shares that trade every few seconds, at prices high enough to move each time.
LIQUID: Final = ("AAPL", "AMZN", "TSLA", "NVDA", "AMD", "META", "MSFT", "GOOG")
#: How many shares the screener finds when it is turned on.
SCREENED: Final = 5
#: Records that surely hold the newest price of every share.
NEWEST: Final = 500

Quote = Mapping[str, object]


#: A whole number of five digits or more that stands by itself.
_LARGE = re.compile(r"(?<![\w.:,])\d{5,}(?![\w:])")


class ExampleNotFound(Missing):
    """There is no such example, or the market has no quotes for it yet."""

    code = "example_not_found"


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """An example rule as it would be made now; `rule` is what an earlier click made."""

    slug: str
    title: str
    sentence: str
    definition: Mapping[str, object]
    rule: Rule | None

    @property
    def is_on(self) -> bool:
        """Say whether the rule exists and is turned on."""
        return self.rule is not None and self.rule.is_enabled


def example_cards(*, workspace: Workspace) -> Sequence[Card]:
    """Return the examples that the quotes of the moment allow."""
    quotes = _quotes()
    definitions = {slug: make(quotes) for slug, make in _EXAMPLES.items()}
    names = [made["name"] for made in definitions.values() if made]
    rules = {
        rule.name: rule
        for rule in Rule.objects.alive()
        .filter(workspace=workspace, name__in=names)
        .select_related("latest")
        .order_by("-pk")
    }
    return [
        _card(slug, made, rule=rules.get(str(made["name"])), workspace=workspace)
        for slug, made in definitions.items()
        if made
    ]


def _card(
    slug: str, made: Mapping[str, object], *, rule: Rule | None, workspace: Workspace
) -> Card:
    """Describe the rule that is there, or the one that a click would make."""
    kept = rule.latest if rule else None
    sentence = kept.sentence if kept else ""
    if not kept:
        sentence = render_sentence(parse_rule(made, workspace=workspace.slug))
    return Card(
        slug=slug,
        title=str(made["name"]),
        sentence=_easy_to_read(sentence),
        definition=made,
        rule=rule,
    )


def turn_on_example(*, access: Access, slug: str, now: datetime) -> Rule:
    """Make the rule of a card, or turn on what an earlier click made.

    Raises:
        ExampleNotFound: if there is no such card now.
    """
    cards = {card.slug: card for card in example_cards(workspace=access.workspace)}
    card = cards.get(slug)
    if card is None:
        raise ExampleNotFound(f"There is no example {slug[:40]} to turn on now.")
    if card.rule is not None:
        return turn_rule(access=access, rule=card.rule, on=True, now=now)
    return create_rule(access=access, definition=card.definition, now=now)


def _quotes() -> Mapping[str, Quote]:
    """Return the last known quote of every share by its symbol.

    There is none while the market is at rest, or begins: what is known then are prices
    of the past, and a threshold near one would not be met by the price of now.
    """
    stock = (
        Dataset.objects.alive()
        .filter(workspace__slug=CORE, workspace__is_shared=True)
        .named(STOCK)
        .first()
    )
    if stock is None or is_resting(dataset=stock) or is_beginning(dataset=stock):
        return {}
    facts = Fact.objects.own().filter(dataset=stock)
    quotes: dict[str, dict[str, object]] = {
        fact.key: {name: value for name, (value, *_) in fact.fields.items()}
        for fact in facts
    }
    if is_waiting(lane_id=open_lane(stock).pk):
        _catch_up(quotes, stock)
    return quotes


def _catch_up(quotes: dict[str, dict[str, object]], stock: Dataset) -> None:
    """Put what is stored over what is judged: facts may still be days behind.

    Just after the first start two days of history wait to be judged.
    """
    newest = Record.objects.current().filter(dataset=stock)
    newest = newest.order_by("-batch_id", "-ord")
    stored = list(newest.values_list("key", "body")[:NEWEST])
    for key, body in reversed(stored):
        quotes.setdefault(key, {}).update(body)


def _price_alert(quotes: Mapping[str, Quote]) -> dict[str, object] | None:
    """Microsoft at or below a price that is a little above the one of now."""
    price = _number(quotes.get("MSFT", {}), "latestPrice")
    if price is None:
        return None
    threshold = _rounded_up(price * Decimal("1.003"), "0.1")
    return {
        "kind": "signal",
        "name": "Microsoft price alert",
        "watch": {"facts": [_path("MSFT", "latestPrice")]},
        "when": {"fact": 0, "op": "lte", "value": threshold},
        "include": [_path("MSFT", "changePercent")],
    }


def _screener(quotes: Mapping[str, Quote]) -> dict[str, object] | None:
    """Every share that gains as much as only a few do now."""
    gains = sorted(
        gain
        for quote in quotes.values()
        if (gain := _number(quote, "changePercent")) is not None
    )
    if len(gains) < SCREENED:
        return None
    threshold = gains[-SCREENED].quantize(Decimal("0.0001"), rounding=ROUND_FLOOR)
    return {
        "kind": "signal",
        "name": "Stock screener: strong gains",
        "watch": {"facts": [_path("*", "changePercent")]},
        "when": {"fact": 0, "op": "gte", "value": threshold},
        "raise": {"mode": "on_enter"},
        "include": [_path("*", "companyName"), _path("*", "latestPrice")],
        "severity": "info",
    }


def _volume(quotes: Mapping[str, Quote]) -> dict[str, object] | None:
    """Tesla's volume past the next round number, some seconds ahead."""
    quote = quotes.get("TSLA", {})
    volume, usual = _number(quote, "volume"), _number(quote, "avgTotalVolume")
    if volume is None or usual is None:
        return None
    # Some five seconds of an average day lie ahead at least.
    threshold = _rounded_up(volume + usual / 17_280, "1000")
    return {
        "kind": "signal",
        "name": "Tesla volume alert",
        "watch": {"facts": [_path("TSLA", "volume")]},
        "when": {"fact": 0, "op": "gte", "value": int(threshold)},
        "raise": {"mode": "on_enter"},
        "include": [_path("TSLA", "avgTotalVolume"), _path("TSLA", "latestPrice")],
        "severity": "info",
    }


def _against_the_opening(quotes: Mapping[str, Quote]) -> dict[str, object] | None:
    """Two facts compared: a share that is below its opening price, or above it."""
    distances: dict[str, Decimal] = {}
    for symbol in LIQUID:
        price = _number(quotes.get(symbol, {}), "latestPrice")
        opening = _number(quotes.get(symbol, {}), "open")
        if price is not None and opening:
            distances[symbol] = price / opening - 1
    if not distances:
        return None
    symbol = max(distances, key=lambda one: (abs(distances[one]), one))
    return {
        "kind": "state",
        "name": "Price against its opening",
        "watch": {"facts": [_path(symbol, "latestPrice"), _path(symbol, "open")]},
        "when": {
            "fact": 0,
            "op": "lt" if distances[symbol] < 0 else "gt",
            "value": {"fact": 1},
        },
    }


_EXAMPLES: Final = {
    "price-alert": _price_alert,
    "stock-screener": _screener,
    "volume": _volume,
    "two-facts": _against_the_opening,
}


def _path(key: str, field: str) -> str:
    return f"{CORE}:{STOCK}:{key}:{field}"


def _number(quote: Quote, field: str) -> Decimal | None:
    value = quote.get(field)
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return Decimal(value)
    return None


def _rounded_up(value: Decimal, step: str) -> Decimal:
    unit = Decimal(step)
    return (value / unit).to_integral_value(ROUND_UP) * unit


def _easy_to_read(sentence: str) -> str:
    """Part the thousands of large numbers, of which an example may hold some."""
    return _LARGE.sub(lambda found: f"{int(found[0]):,}", sentence)
