"""The companies of the simulated market.

Names are real, so that a newcomer knows them; prices, volumes and earnings are not.
"""

from dataclasses import dataclass
from typing import Final

NASDAQ: Final = "NASDAQ"
NYSE: Final = "NEW YORK STOCK EXCHANGE INC."


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """A listed company and the character of its simulated price."""

    symbol: str
    name: str
    exchange: str
    #: Where the price dwells, in dollars.
    price: float
    #: How far it strays: at 1.0 mostly within 1 %, at most 2 % plus jumps.
    swing: float
    #: Shares that change hands on an average day.
    volume: int
    #: Millions of shares there are.
    shares: int
    #: Earnings of a share and year, in cents; 0 for a company without profit.
    earnings: int


def _company(row: str) -> Company:
    symbol, name, exchange, price, swing, volume, shares, earnings = row.split("|")
    return Company(
        symbol=symbol.strip(),
        name=name.strip(),
        exchange=NASDAQ if exchange.strip() == "Q" else NYSE,
        price=float(price),
        swing=float(swing),
        volume=int(float(volume) * 1_000_000),
        shares=int(shares),
        earnings=int(earnings),
    )


# Symbol, name, exchange, price, swing, millions of shares a day, millions of shares,
# earnings in cents.
_TABLE: Final = """
AAPL  | Apple Inc                        | Q |  172.00 | 0.9 | 58.0 | 15728 |  589
MSFT  | Microsoft Corporation            | Q |  310.40 | 0.9 | 27.0 |  7433 |  924
AMZN  | Amazon.com Inc                   | Q |  128.00 | 1.2 | 55.0 | 10260 |  128
GOOG  | Alphabet Inc - Class C           | Q |  121.00 | 1.1 | 24.0 |  5874 |  452
GOOGL | Alphabet Inc - Class A           | Q |  120.50 | 1.1 | 29.0 |  5929 |  452
META  | Meta Platforms Inc - Class A     | Q |  288.00 | 1.5 | 24.0 |  2563 |  803
TSLA  | Tesla Inc                        | Q |  252.00 | 2.2 | 130.0|  3169 |  340
NVDA  | NVIDIA Corp                      | Q |  420.00 | 1.9 | 46.0 |  2470 |  193
SHOP  | Shopify Inc - Class A            | N |   80.00 | 2.0 | 14.0 |  1279 |    0
NFLX  | Netflix Inc                      | Q |  430.00 | 1.5 |  6.5 |   444 |  931
AMD   | Advanced Micro Devices Inc       | Q |  114.00 | 1.9 | 62.0 |  1610 |   24
INTC  | Intel Corp                       | Q |   33.50 | 1.3 | 40.0 |  4171 |    0
CSCO  | Cisco Systems Inc                | Q |   51.00 | 0.8 | 17.0 |  4075 |  277
ORCL  | Oracle Corp                      | N |  117.00 | 1.0 |  8.0 |  2714 |  307
IBM   | International Business Machines  | N |  134.00 | 0.7 |  4.0 |   909 |  197
ADBE  | Adobe Inc                        | Q |  490.00 | 1.4 |  3.2 |   457 | 1041
CRM   | Salesforce Inc                   | N |  212.00 | 1.4 |  6.0 |   974 |   60
PYPL  | PayPal Holdings Inc              | Q |   68.00 | 1.7 | 15.0 |  1115 |  244
QCOM  | Qualcomm Inc                     | Q |  119.00 | 1.4 |  8.0 |  1114 |  912
TXN   | Texas Instruments Inc            | Q |  176.00 | 1.0 |  5.2 |   908 |  906
AVGO  | Broadcom Inc                     | Q |  860.00 | 1.4 |  2.6 |   413 | 3147
UBER  | Uber Technologies Inc            | N |   43.00 | 1.9 | 21.0 |  2028 |    0
ABNB  | Airbnb Inc - Class A             | Q |  128.00 | 1.8 |  5.6 |   637 |  295
SNAP  | Snap Inc - Class A               | N |   11.50 | 2.6 | 26.0 |  1610 |    0
SPOT  | Spotify Technology S.A.          | N |  158.00 | 1.8 |  1.6 |   194 |    0
SQ    | Block Inc - Class A              | N |   66.00 | 2.2 | 10.0 |   606 |    0
ZM    | Zoom Video Communications        | Q |   68.00 | 1.7 |  3.4 |   297 |   46
COIN  | Coinbase Global Inc - Class A    | Q |   74.00 | 2.9 | 13.0 |   233 |    0
PLTR  | Palantir Technologies Inc        | N |   15.80 | 2.5 | 60.0 |  2112 |    0
JPM   | JPMorgan Chase & Co              | N |  143.00 | 0.8 | 10.0 |  2922 | 1360
BAC   | Bank of America Corp             | N |   28.60 | 1.0 | 42.0 |  7969 |  332
WFC   | Wells Fargo & Co                 | N |   42.50 | 1.0 | 17.0 |  3752 |  365
GS    | Goldman Sachs Group Inc          | N |  322.00 | 0.9 |  2.1 |   332 | 2800
MS    | Morgan Stanley                   | N |   86.00 | 0.9 |  7.0 |  1670 |  587
V     | Visa Inc - Class A               | N |  234.00 | 0.7 |  6.2 |  1623 |  777
MA    | Mastercard Inc - Class A         | N |  386.00 | 0.7 |  2.6 |   945 | 1022
AXP   | American Express Co              | N |  173.00 | 0.9 |  2.9 |   743 |  948
BRK.B | Berkshire Hathaway Inc - Class B | N |  340.00 | 0.5 |  3.3 |  1303 |  399
JNJ   | Johnson & Johnson                | N |  164.00 | 0.5 |  7.0 |  2599 |  480
PFE   | Pfizer Inc                       | N |   36.50 | 0.8 | 22.0 |  5646 |  507
MRK   | Merck & Co Inc                   | N |  114.00 | 0.6 |  7.4 |  2537 |  513
UNH   | UnitedHealth Group Inc           | N |  482.00 | 0.7 |  3.4 |   931 | 2175
LLY   | Lilly(Eli) & Co                  | N |  455.00 | 1.0 |  3.0 |   949 |  640
MRNA  | Moderna Inc                      | Q |  122.00 | 2.2 |  3.6 |   381 |  848
WMT   | Walmart Inc                      | N |  156.00 | 0.5 |  6.1 |  2692 |  413
COST  | Costco Wholesale Corp            | Q |  530.00 | 0.6 |  1.9 |   443 | 1352
HD    | Home Depot Inc                   | N |  304.00 | 0.7 |  3.6 |  1005 | 1641
NKE   | Nike Inc - Class B               | N |  110.00 | 1.1 |  7.4 |  1533 |  323
MCD   | McDonald's Corp                  | N |  293.00 | 0.5 |  2.7 |   729 |  940
SBUX  | Starbucks Corp                   | Q |   98.50 | 0.8 |  6.0 |  1146 |  307
KO    | Coca-Cola Co                     | N |   61.00 | 0.4 | 12.0 |  4324 |  229
PEP   | PepsiCo Inc                      | Q |  186.00 | 0.4 |  4.6 |  1377 |  474
DIS   | Walt Disney Co                   | N |   89.50 | 1.2 | 12.0 |  1827 |  226
XOM   | Exxon Mobil Corp                 | N |  106.00 | 0.9 | 15.0 |  4043 | 1491
CVX   | Chevron Corp                     | N |  156.00 | 0.9 |  7.6 |  1895 | 1819
BA    | Boeing Co                        | N |  212.00 | 1.4 |  5.2 |   602 |    0
CAT   | Caterpillar Inc                  | N |  246.00 | 1.0 |  2.9 |   515 | 1375
GE    | General Electric Co              | N |  108.00 | 1.0 |  5.4 |  1089 |  711
F     | Ford Motor Co                    | N |   14.60 | 1.5 | 55.0 |  3931 |   71
T     | AT&T Inc                         | N |   15.90 | 0.8 | 36.0 |  7149 |    0
"""

COMPANIES: Final = {
    company.symbol: company for company in map(_company, _TABLE.strip().splitlines())
}
