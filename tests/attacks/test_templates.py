"""Family M: templates that read or burn the server, and mail that bends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.templating import (
    MAX_OUTPUT_BYTES,
    TemplateInvalid,
    check_template,
    render_template,
)

VALUES: dict[str, object] = {
    "key": "MSFT",
    "big": "x" * 64_000,
    "values": {"CORE:STOCK:MSFT:latestPrice": 1},
    "list": ["a"] * 1000,
}
DOUBLING = "{% assign a = a | append: a %}"
SQUARING = "{% assign a = a | times: a %}"

REFUSED = {
    "loop-endless": "{% for i in (1..100000000) %}x{% endfor %}",
    "loop-nested": (
        "{% for i in (1..100) %}{% for j in (1..100) %}x{% endfor %}{% endfor %}"
    ),
    "loop-long-body": "{% for i in (1..20) %}" + "{{a}}" * 1500 + "{% endfor %}",
    "loop-over-list-twice": (
        "{% for i in list %}{% for j in list %}x{% endfor %}{% endfor %}"
    ),
    "output": "{{ big }}" * 200,
    "output-in-loop": "{% for i in (1..100) %}{{ big }}{% endfor %}",
    "range-as-list": "{{ (1..1000000000) | size }}",
    "range-too-large": "{% assign a = (1..99999999999999999999999) %}{{ a.size }}",
    "date-width": "{{ '2026-11-23' | date: '%99999999d' }}",
    "date-modifier": "{{ '2026-11-23' | date: '%Ex' }}",
    "number-of-digits": "{{ " + "9" * 5000 + " }}",
    "truncate-negative": "{{ key | truncate: -5 }}",
    "round-endless": "{{ 1.5 | round: 999999999 }}",
    "nesting": "{% if true %}" * 40 + "{% endif %}" * 40,
    "parentheses": "{{ " + "(" * 3000 + " }}",
    "length": "x" * 8001,
    "include": "{% include '/etc/passwd' %}",
    "render": "{% render '../settings' %}",
    "layout": "{% extends 'x' %}",
    "capture": "{% capture a %}x{% endcapture %}",
    "filter-replace": "{{ key | replace: '', big }}",
    "filter-join": "{{ list | join: big }}",
    "filter-split": "{{ big | split: '' }}",
    "filter-base64": "{{ key | base64_encode }}",
    "filter-unknown": "{{ key | system: 'id' }}",
    "unclosed-output": "{{ key",
    "unclosed-tag": "{% if key %}",
    "unopened-tag": "{% endif %}",
    "no-expression": "{% if %}x{% endif %}",
}


@pytest.mark.parametrize("source", REFUSED.values(), ids=REFUSED)
def test_template_that_takes_too_much_is_stopped(source: str) -> None:
    with pytest.raises(TemplateInvalid, match=r"[Tt]emplate.*\.$"):
        render_template(source, VALUES)


HARMLESS = {
    "class": ("{{ key.__class__ }}", ""),
    "class-chain": ("{{ key.__class__.__mro__[1].__subclasses__ }}", ""),
    "class-by-index": ('{{ values["__class__"] }}', ""),
    "method": ("{{ values.items }}{{ key.upper }}", ""),
    "globals": ("{{ self }}{{ context }}{{ env }}{{ request }}{{ settings }}", ""),
    "python": ("{{ key.join }}{{ 7 | times: '7' }}", "49"),
    "jinja": ("{# {{ key }} #}", "{# MSFT #}"),
    "html": ("<script>{{ key }}</script>", "<script>MSFT</script>"),
    "recursion-of-text": ("{{ template }}", ""),
    "clock": ("{{ 'now' | date: '%Y' }}", "now"),
}


@pytest.mark.parametrize(("source", "shown"), HARMLESS.values(), ids=HARMLESS)
def test_template_reaches_nothing_but_its_values(source: str, shown: str) -> None:
    values = VALUES | {"template": "{{ key }}" if "template" in source else ""}

    rendered = render_template(source, values)

    assert rendered == (shown or ("{{ key }}" if "template" in source else ""))


@pytest.mark.parametrize(
    "source",
    [
        "{% assign a = 'xxxxxxxxxxxxxxxxxxxx' %}" + DOUBLING * 200 + "{{ a }}",
        "{% assign a = 9999999999 %}" + SQUARING * 200 + "{{ a }}",
        "{{ big | url_encode | url_encode | upcase | append: big }}",
        "{{ key" + " | append: key" * 500 + " }}",
    ],
    ids=["doubling", "squaring", "encoding", "chain"],
)
def test_growing_value_stays_within_its_limit(source: str) -> None:
    assert len(render_template(source, VALUES)) <= 8_000


@given(st.text(alphabet="{}%|()[]'\" .:=-\n19aeifkornd", max_size=60))
def test_any_template_is_rendered_or_refused(source: str) -> None:
    try:
        rendered = render_template(source, VALUES)
    except TemplateInvalid:
        return
    assert len(rendered.encode()) <= MAX_OUTPUT_BYTES
    check_template(source)
