#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`hikyakuctl audit`, once and as a service: ready only with the whole log read, drift 0 through everything, an
open mail that nobody ends is found, the log may go away and come back, SIGTERM ends it at once.

    python3 tests/system/audit.py embedded|cluster
"""
import signal
import sys
import time

from kit.cluster import private_folder, relay
from kit.ctl import Auditor, Ctl, submit_for_id
from kit.destination import Destination
from kit.mail import connect, content_for, transact
from kit.process import wait_until

CONFIGURATION = 'configurations=({name="default"; retry={interval="linear"; a_s=2; period_s=60;};})'
LOST_AFTER_S = 15


def check_once(ctl, accepted, delivered, failed):
    """Events come a moment after what they tell of."""
    wait_until(lambda: ctl.audit()["open"] == 0, 30, f"nothing is open: {ctl.audit()}")
    figures = ctl.audit()
    assert figures["balance_drift"] == figures["unfollowed_mails"] == 0, figures
    assert (figures["accepted"], figures["delivered"], figures["failed"]) == (accepted, delivered, failed), figures


def check_pages(auditor):
    wait_until(auditor.is_ready, 30, f"the auditor is ready: {auditor.page('/readyz')}")
    for path in ("/livez", "/startupz", "/healthz"):
        assert auditor.page(path)[0] == 200, (path, auditor.page(path))
    for name in ("open_mails", "oldest_open_seconds", "balance_drift", "audit_unfollowed_mails_total"):
        auditor.wait_for(name, 0)
    text = auditor.page("/metrics")[1]
    assert 'hikyaku_build_info{component="hikyaku-auditor"' in text and "process_resident_memory_bytes" in text


def check_outage(kind, running, auditor):
    """The log goes away and comes back: the auditor lives on, and goes on where it was."""
    if kind == "cluster":
        running.broker.kill()
        wait_until(lambda: (auditor.figure("audit_behind_seconds") or 0) >= 3, 40, "the clock of the audit stands still")
        running.broker.start()
    else:
        assert running.service.process.stop(30) == 0
        running.service.start().wait_ready(60)
    assert auditor.process.is_running() and auditor.page("/livez")[0] == 200, auditor.process.tail()
    assert auditor.is_ready(), "readiness must not flip with Kafka"


def can_work(running):
    """The ingress knows that the log is back: a mail that waited for it may be accepted a moment earlier."""
    return "hikyaku_ready{" in (text := running.of("ingress")[0].get("/metrics")[1]) and \
        not any(line.startswith("hikyaku_ready{") and line.endswith(" 0") for line in text.splitlines())


def is_accepted(running, rcpt):
    client = connect(running.smtp_ports[0])
    reply = transact(client, [rcpt], content_for(rcpt))
    client.quit()
    assert reply[0] in (250, 451), reply
    return reply[0] == 250


def check_stuck(ctl, running, auditor):
    """A mail without an outcome: open, and after so long missing."""
    submit_for_id(running.smtp_ports[0], "busy@dest.example")
    auditor.wait_for("open_mails", 1)
    assert auditor.figure("balance_drift") == 0
    wait_until(lambda: (auditor.figure("oldest_open_seconds") or 0) > 0, 20, "it has an age")
    auditor.wait_for("balance_drift", 1, LOST_AFTER_S + 20)
    assert "balance_broken" in auditor.process.tail(), auditor.process.tail()
    assert ctl.audit("--lost-after", str(LOST_AFTER_S))["missing"] == 1
    assert ctl.audit()["open_mails"] == 1, "with the right limit it is still on its way"


def main():
    kind = sys.argv[1]
    destination = Destination()
    with private_folder("audit") as folder:
        with relay(kind, folder, destination, [CONFIGURATION, "scheduler.rebuild_grace_ms=1000"]) as running:
            ctl = Ctl(running, [CONFIGURATION])
            for name in ("ok", "grey", "gone"):
                submit_for_id(running.smtp_ports[0], f"{name}@dest.example")
            destination.wait_for(lambda d: len(d.arrivals) >= 3, 60, "two mails and a report")
            check_once(ctl, accepted=4, delivered=3, failed=1)
            auditor = Auditor(ctl, folder, "--lost-after", str(LOST_AFTER_S)).start()
            check_pages(auditor)
            check_outage(kind, running, auditor)
            wait_until(lambda: is_accepted(running, "ok-late@dest.example"), 60, "mail is accepted again")
            wait_until(lambda: can_work(running), 30, "the ingress is ready again")
            destination.wait_for(lambda d: d.to("ok-late@dest.example"), 60, "delivered after the outage")
            auditor.process.signal(signal.SIGHUP)  # from the beginning, with what the file says now
            check_stuck(ctl, running, auditor)
            began = time.monotonic()
            assert auditor.process.stop(20) == 0, auditor.process.tail()
            assert time.monotonic() - began < 2, "it has nothing to finish"
        if kind == "embedded":
            assert ctl.audit()["delivered"] == 4, "of a log that nobody has open"
    print(f"{kind}: drift 0 over an outage, and not 0 for a mail that nobody ends")


if __name__ == "__main__":
    main()
