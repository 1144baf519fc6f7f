#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One id from the 250 on: `hikyakuctl trace` tells of each attempt on whichever node, of the report and its copy,
and the report of its mail; log lines carry the same id. The embedded log is read beside the running service and
after it.

    python3 tests/system/trace.py embedded|cluster
"""
import datetime
import json
import pathlib
import sys

from kit.cluster import PROJECT, private_folder, relay
from kit.ctl import Ctl, submit_for_id
from kit.destination import Destination
from kit.mail import SENDER
from kit.process import wait_until

sys.path.insert(0, str(PROJECT / "tests/unit/proto"))

from event_schemas import validate  # noqa: E402

CONFIGURATION = ('configurations=({name="default"; retry={interval="linear"; a_s=2; period_s=60;}; '
                 'envelope_from={rewrite="bounce@rewritten.example"; forward_bounces=true;};})')


SCHEMAS = {path.stem: json.loads(path.read_text()) for path in (PROJECT / "proto/events").glob("*.json")}


def check_schemas(events):
    """What was produced, not what a unit test made up."""
    for kind, event in zip(kinds(events), events):
        validate(event, SCHEMAS[kind], SCHEMAS[kind], SCHEMAS)
        assert event["id"].startswith(event["data"]["mail_id"] + "."), event["id"]


def kinds(events):
    return [event["type"].rsplit(".", 1)[1] for event in events]


def wait_for_kinds(ctl, mail_id, expected):
    """The last event comes a moment after what it tells of; expected: in any order."""
    def events():
        return ctl.json("trace", mail_id)
    wait_until(lambda: sorted(kinds(events())) == sorted(expected), 20, f"{expected}: {kinds(events())}")
    check_schemas(events())
    return events()


def check_retries(ctl, mail_id):
    events = ctl.json("trace", mail_id)
    assert kinds(events) == ["accepted", "deferred", "delivered"], kinds(events)
    assert [event["data"]["attempt"] for event in events][1:] == [1, 2], events
    assert "due" in events[1]["data"] and events[1]["data"]["recipients"][0]["code"] == 451, events[1]
    assert all(event["data"]["mail_id"] == mail_id and event["data"]["pod"] for event in events)
    table = ctl.run("trace", mail_id)[0]
    assert "next at " in table and "451 4.7.1" in table, table


def check_links(ctl, mail_id):
    """The mail names its report and the report's copy, and each of them names the mail."""
    events = wait_for_kinds(ctl, mail_id, ["accepted", "failed", "bounced", "bounce_forwarded"])
    ids = {kind: event["data"].get("report_id") for kind, event in zip(kinds(events), events)}
    table = ctl.run("trace", mail_id)[0]
    assert "550 5.1.1" in table and "<gone@dest.example>" in table, table
    for kind in ("bounced", "bounce_forwarded"):
        assert f"report {ids[kind]}" in table, table
        about = wait_for_kinds(ctl, ids[kind], [kind, "delivered"])
        by_kind = dict(zip(kinds(about), (event["data"] for event in about)))
        assert by_kind[kind]["mail_id"] == mail_id, about
        assert by_kind["delivered"]["mail_id"] == ids[kind] and by_kind["delivered"]["is_report"] is True, about
        assert f"of mail {mail_id}" in ctl.run("trace", ids[kind])[0]
    assert ids["bounced"] != ids["bounce_forwarded"]


def check_unknown(ctl):
    today = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d")
    told = ctl.run("trace", "01JDB3Q0W6S8N5V2", status=1)[1]
    assert told.startswith("there is no event of mail 01JDB3Q0W6S8N5V2; the event log covers ") and today in told, told
    ctl.run("trace", "", status=2)


def check_log_lines(folder, mail_id, expected):
    told = set()
    for path in pathlib.Path(folder).glob("*.log"):
        for line in path.read_text(errors="replace").splitlines():
            if mail_id in line and line.startswith("{"):
                entry = json.loads(line)
                told.add(entry["event"])
                assert entry["mail_id"] == mail_id and entry["pod"], entry
    assert expected <= told, f"{expected} are not all in {told}"


def main():
    kind = sys.argv[1]
    destination = Destination()
    settings = [CONFIGURATION, "scheduler.rebuild_grace_ms=1000", "listeners.[0].public_port=587"]
    with private_folder("trace") as folder:
        with relay(kind, folder, destination, settings) as running:
            ctl = Ctl(running, [CONFIGURATION])
            ids = {name: submit_for_id(running.smtp_ports[0], f"{name}@dest.example") for name in ("ok", "grey", "gone")}
            destination.wait_for(lambda d: len(d.arrivals) >= 4, 60, "two mails, a report, its copy")
            assert {a.rcpt for a in destination.arrivals if a.sender == ""} == {"bounce@rewritten.example", SENDER}
            wait_for_kinds(ctl, ids["ok"], ["accepted", "delivered"])
            wait_for_kinds(ctl, ids["grey"], ["accepted", "deferred", "delivered"])
            check_retries(ctl, ids["grey"])
            check_links(ctl, ids["gone"])
            check_unknown(ctl)
        if kind == "embedded":
            check_retries(ctl, ids["grey"])
            check_links(ctl, ids["gone"])
        check_log_lines(folder, ids["grey"], {"accepted", "deferred", "delivered"})
        check_log_lines(folder, ids["gone"], {"accepted", "failed"})
    print(f"{kind}: traced three mails, a report and its copy, over events and log lines")


if __name__ == "__main__":
    main()
