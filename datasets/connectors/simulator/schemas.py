"""The schemas of the datasets that the simulator feeds."""

from typing import Final

from datasets.schemas import Index

STOCK_INDEX: Final = Index(key="symbol", date="latestUpdate")
MARKET_INDEX: Final = Index(key="market", date="latestUpdate")


def _number(description: str) -> dict[str, object]:
    return {"type": "number", "description": description}


def _integer(description: str) -> dict[str, object]:
    return {"type": "integer", "description": description}


def _text(description: str) -> dict[str, object]:
    return {"type": "string", "description": description}


_UPDATED: Final = {
    "type": "date",
    "description": "When this was so, in milliseconds since 1970.",
}
_OPEN: Final = {
    "type": "boolean",
    "description": "Whether the market is open; the simulated one always is.",
}
_SOURCE: Final = _text('Where the figures come from: "Simulated".')

STOCK_SCHEMA: Final[dict[str, object]] = {
    "type": "object",
    "title": "Simulated quotes of 60 US stocks",
    "properties": {
        "symbol": _text("Ticker symbol, as MSFT."),
        "companyName": _text("Name of the company."),
        "primaryExchange": _text("Exchange of its listing."),
        "latestSource": _SOURCE,
        "latestPrice": _number("Price of the latest trade, in dollars."),
        "open": _number("First price of the day in New York."),
        "high": _number("Highest price of the day so far."),
        "low": _number("Lowest price of the day so far."),
        "previousClose": _number("Price at 16:00 in New York the day before."),
        "change": _number("latestPrice less previousClose."),
        "changePercent": _number("change as a part of previousClose: 0.01 is 1 %."),
        "volume": _integer("Shares traded so far this day."),
        "avgTotalVolume": _integer("Shares traded on an average day."),
        "marketCap": _integer(
            "Worth of all shares, in dollars; refreshed every five minutes."
        ),
        "peRatio": {
            "type": ["number", "null"],
            "description": "Price by yearly earnings, refreshed every five minutes; "
            "null for a company without profit.",
        },
        "week52High": _number("Highest price of 52 weeks."),
        "week52Low": _number("Lowest price of 52 weeks."),
        "isUSMarketOpen": _OPEN,
        "latestUpdate": _UPDATED,
    },
    "required": ["symbol", "latestUpdate"],
}

MARKET_SCHEMA: Final[dict[str, object]] = {
    "type": "object",
    "title": "Simulated facts of the US market",
    "properties": {
        "market": _text('The market: "US".'),
        "isOpen": _OPEN,
        "regime": _text("How lively it is: calm, normal or stormy."),
        "advancers": _integer("Stocks above their previous close."),
        "decliners": _integer("Stocks below their previous close."),
        "unchanged": _integer("Stocks at their previous close."),
        "halted": _integer("Stocks that are halted, so do not trade now."),
        "averageChangePercent": _number(
            "Mean of the stocks' changePercent: 0.01 is 1 %."
        ),
        "totalVolume": _integer("Shares of all stocks traded so far this day."),
        "latestSource": _SOURCE,
        "latestUpdate": _UPDATED,
    },
    "required": ["market", "latestUpdate"],
}
