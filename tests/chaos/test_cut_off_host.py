"""Two hosts share the work, and one is cut off without a word."""

from __future__ import annotations

import time
from contextlib import ExitStack, closing

import pytest

from tests.chaos.client import Client
from tests.chaos.deliveries import await_deliveries, prove_deliveries
from tests.chaos.events import DATASET, LATER_RULE, RULES, SCHEMA
from tests.chaos.hosts import two_hosts
from tests.chaos.load import Load
from tests.chaos.proof import database_of, newest_entry, prove, waiting
from tests.chaos.witnesses import FeedReader
from tests.installations import until
from tests.services.network import NoNamespaces

#: A host that vanished frees its lanes within this (docs/scaling.md); and what a
#: machine adds that plays three hosts.
PROMISED_SECONDS = 60.0
MARGIN_SECONDS = 60.0


@pytest.fixture
def places(prepared_data, tmp_path):
    with ExitStack() as stack:
        hosts = two_hosts(tmp_path, prepared=prepared_data)
        try:
            places = stack.enter_context(hosts)
        except NoNamespaces as missing:
            pytest.skip(f"no hosts of their own on this machine: {missing}")
        yield places


def set_up(client, sink):
    dataset = {
        "slug": DATASET,
        "schema": SCHEMA,
        "index": {"key": "symbol", "date": "at"},
    }
    client.post("datasets", dataset, key="dataset")
    for kind, name, config in [
        ("email", "mail", {"to": ["ana@example.com"]}),
        ("webhook", "hook", {"url": sink.url("/hook")}),
    ]:
        output = {"kind": kind, "name": name, "config": config}
        client.post("outputs", output, key=f"output {name}")
    for rule in RULES:
        client.post("rules", rule, key=f"rule {rule['name']}")


def test_what_a_host_held_goes_on_elsewhere_when_it_is_cut_off(places):
    query = database_of(places.both[0].installation)
    token = places.both[0].installation.manage("issue_token", "DEMO").strip()
    hosts = [place.host.address for place in places.both]
    readers = [FeedReader(places.port, token, host=host) for host in hosts]
    load = Load(
        port=places.port,
        token=token,
        events_a_second=60,
        events_a_request=10,
        hosts=hosts,
    )
    with closing(Client(places.port, token, host=hosts[0])) as client:
        set_up(client, places.sink)
    for reader in readers:
        reader.start()

    load.start()
    try:
        cut_one_off_and_plug_it_in_again(places, query, token)
    finally:
        load.finish()

    until(lambda: not waiting(query), seconds=120, what="the last judgement")
    newest = newest_entry(query)
    until(
        lambda: all((reader.last or 0) >= newest for reader in readers),
        seconds=PROMISED_SECONDS + MARGIN_SECONDS,
        what="reading the feed at both hosts",
    )
    for reader in readers:
        reader.stop()
    assert [
        *await_deliveries(query),
        *prove(query, accepted={DATASET: load.accepted}).differences,
        *prove_deliveries(query, places.sink),
        *(one for reader in readers for one in reader.differences(until=newest)),
        *load.improper,
    ] == []


def cut_one_off_and_plug_it_in_again(places, query, token):
    """Cut off the host that judges; it is done without, and works again later."""
    until(
        lambda: all(place.accepted for place in places.both),
        seconds=MARGIN_SECONDS,
        what="accepting at both hosts",
    )
    until(
        lambda: sum(place.judged for place in places.both) > 100,
        seconds=MARGIN_SECONDS,
        what="judging",
    )
    gone, left = sorted(places.both, key=lambda place: -place.judged)
    before = gone.accepted, gone.judged

    gone.host.cut_off()
    began = time.monotonic()
    ((newest,),) = query("SELECT max(id) FROM datasets_batch")
    judged = f"SELECT 1 FROM datasets_batch WHERE state = 'judged' AND id > {newest}"
    until(
        lambda: query(f"{judged} AND size > 0"),
        seconds=PROMISED_SECONDS + MARGIN_SECONDS,
        what="judging elsewhere what came since the cut",
    )
    took = time.monotonic() - began
    assert gone.installation.answers("/healthz") == (0, "")
    print(f"went on after {took:.1f} s")  # noqa: T201 - depends on the machine
    # Whoever is left takes a change of the rules into the lane, too.
    with closing(Client(places.port, token, host=left.host.address)) as client:
        client.post("rules", LATER_RULE, key="later")

    gone.host.plug_in()
    until(
        lambda: gone.accepted > before[0] and gone.judged > before[1],
        seconds=PROMISED_SECONDS + MARGIN_SECONDS,
        what="working again",
    )
