import gc
from decimal import Decimal

import pytest

from alerts.templating import TemplateInvalid, check_template, render_template
from alerts.templating.filters import FILTERS

VALUES: dict[str, object] = {
    "key": "MSFT",
    "value": Decimal("309.20"),
    "large": Decimal("1E+5"),
    "long": 1234567890123456789012345678901234,
    "volume": 1200,
    "halted": False,
    "nothing": None,
    "time": "2026-11-23T18:35:50Z",
    "values": {"CORE:STOCK:MSFT:latestPrice": Decimal("309.20"), "B": "x"},
    "address": {"city": "Bern", "zip": [3000, 3001]},
}

RENDERED = {
    "text": ("no template at all", "no template at all"),
    "value": ("{{ key }} at {{value}}", "MSFT at 309.20"),
    "plain-number": ("{{ large }}", "100000"),
    "all-digits": ("{{ long }}", "1234567890123456789012345678901234"),
    "unknown": ("[{{ unknown }}]", "[]"),
    "null": ("[{{ nothing }}]", "[]"),
    "boolean": ("{{ halted }}", "false"),
    "by-path": ('{{ values["CORE:STOCK:MSFT:latestPrice"] }}', "309.20"),
    "object": ("{{ address.city }} {{ address.zip[1] }}", "Bern 3001"),
    "loop": (
        "{% for pair in values %}{{ pair[0] }}={{ pair[1] }};{% endfor %}",
        "CORE:STOCK:MSFT:latestPrice=309.20;B=x;",
    ),
    "if": ("{% if value > 300 %}high{% else %}low{% endif %}", "high"),
    "unless": ("{% unless halted %}open{% endunless %}", "open"),
    "case": ("{% case key %}{% when 'MSFT' %}yes{% endcase %}", "yes"),
    "assign": ("{% assign a = value | times: 2 %}{{ a }}", "618.40"),
    "comment": ("a{% comment %}b{% endcomment %}c", "ac"),
    "break": ("{% for i in (1..9) %}{{ i }}{% break %}{% endfor %}", "1"),
}


@pytest.mark.parametrize(("source", "shown"), RENDERED.values(), ids=RENDERED)
def test_template_shows_its_values(source: str, shown: str) -> None:
    check_template(source)

    assert render_template(source, VALUES) == shown


FILTERED = {
    "abs": ("{{ 0.8 | minus: value | abs }}", "308.40"),
    "append": ("{{ key | append: '!' }}", "MSFT!"),
    "capitalize": ("{{ 'abc' | capitalize }}", "Abc"),
    "ceil": ("{{ 1.2 | ceil }}", "2"),
    "date": ("{{ time | date: '%d %b %Y %H:%M %Z' }}", "23 Nov 2026 18:35 UTC"),
    "date-unreadable": ("{{ key | date: '%Y' }}", "MSFT"),
    "default": ("{{ nothing | default: 'none' }}", "none"),
    "default-zero": ("{{ 0 | default: 'none' }}", "0"),
    "divided_by": ("{{ 1 | divided_by: 4 }}", "0.25"),
    "divided_by-zero": ("[{{ 1 | divided_by: 0 }}]", "[]"),
    "downcase": ("{{ key | downcase }}", "msft"),
    "floor": ("{{ -1.2 | floor }}", "-2"),
    "minus": ("{{ value | minus: 0.1 }}", "309.10"),
    "minus-unknown": ("[{{ value | minus: unknown }}]", "[]"),
    "modulo": ("{{ 7 | modulo: 4 }}", "3"),
    "plus": ("{{ value | plus: '0.80' }}", "310.00"),
    "plus-text": ("[{{ key | plus: 1 }}]", "[]"),
    "prepend": ("{{ key | prepend: '$' }}", "$MSFT"),
    "round": ("{{ 2.345 | round: 2 }}", "2.35"),
    "round-whole": ("{{ value | round }}", "309"),
    "size": ("{{ key | size }}", "4"),
    "size-number": ("{{ 12 | size }}", "0"),
    "strip": ("[{{ ' a ' | strip }}]", "[a]"),
    "times": ("{{ long | times: 1 }}", "1234567890123456789012345678901234"),
    "truncate": ("{{ 'abcdefgh' | truncate: 6 }}", "abc..."),
    "truncate-short": ("{{ 'abc' | truncate: 6 }}", "abc"),
    "upcase": ("{{ 'größer' | upcase }}", "GRÖSSER"),
    "url_encode": ("{{ 'a b&c' | url_encode }}", "a%20b%26c"),
}


@pytest.mark.parametrize(("source", "shown"), FILTERED.values(), ids=FILTERED)
def test_filter_gives_its_result(source: str, shown: str) -> None:
    check_template(source)

    assert render_template(source, VALUES) == shown


def test_every_filter_has_a_case() -> None:
    assert {name.partition("-")[0] for name in FILTERED} == set(FILTERS)


def test_check_names_the_line_of_a_mistake() -> None:
    with pytest.raises(TemplateInvalid, match="in line 3"):
        check_template("one\ntwo\n{{ three")


def test_check_finds_a_filter_in_a_branch_not_taken() -> None:
    with pytest.raises(TemplateInvalid, match=r"'shout'.*There are abs, append"):
        check_template("{% if false %}{{ key | shout }}{% endif %}")


def test_template_that_is_rendered_again_leaves_nothing_to_collect():
    render_template("{{ key }} is at {{ value | round }}", VALUES)
    gc.collect()

    for _ in range(10):
        render_template("{{ key }} is at {{ value | round }}", VALUES)

    assert gc.collect() == 0
