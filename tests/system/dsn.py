#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""DSN (RFC 3461) from end to end: NOTIFY x outcome x whether the next host offers DSN; ORCPT, ENVID and RET
into the report; what is refused at the intake.

  dsn.py embedded    the single binary
  dsn.py cluster     Kafka, Redis and one process of each service
Mail for dsn.example goes to a host that offers DSN, for plain.example to one that does not, reports to a third."""
import email
import email.policy
import itertools
import os
import sys

from kit.cluster import Cluster, Embedded, private_folder
from kit.destination import Destination
from kit.mail import SENDER, connect, content_for, stuffed
from kit.process import wait_until

TIME_SCALE = 20  # the shortest retry period, one minute, in 3 s
NOTIFIES = ("", "NEVER", "SUCCESS", "FAILURE", "DELAY", "SUCCESS,FAILURE", "FAILURE,DELAY", "SUCCESS,FAILURE,DELAY")
OUTCOMES = {"ok": "", "gone": "5.1.1", "busy": "4.4.7"}  # by the local part; the status of a failure
DOMAINS = ("dsn.example", "plain.example")
ENVID, ENVID_DECODED = "QQ314159+2B+3Dx", "QQ314159+=x"
ORCPT_XTEXT, ORCPT_DECODED = "First+2BTag@shop.example", "First+Tag@shop.example"


class Case:
    """One mail to one recipient."""

    def __init__(self, notify, outcome, domain):
        self.notify, self.outcome, self.domain = notify, outcome, domain
        self.rcpt = f"{outcome}-{notify.lower().replace(',', '-') or 'none'}@{domain}"

    def rcpt_options(self):
        notify = f" NOTIFY={self.notify}" if self.notify else ""
        return f"{notify} ORCPT=rfc822;{ORCPT_XTEXT}"

    def action(self):
        """Of the report that is owed; None: none is (docs/bounces.md, who gets one)."""
        asked = self.notify.split(",") if self.notify else ["FAILURE", "DELAY"]
        if self.outcome != "ok":
            return "failed" if "FAILURE" in asked else None
        return "relayed" if "SUCCESS" in asked and self.domain == "plain.example" else None


CASES = [Case(*values) for values in itertools.product(NOTIFIES, OUTCOMES, DOMAINS)]


class Report:
    def __init__(self, arrival):
        self.arrival = arrival
        self.mail = email.message_from_bytes(arrival.content, policy=email.policy.default)
        self.parts = list(self.mail.iter_parts())
        self.about_mail, *self.blocks = self.parts[1].get_payload()

    def rcpts(self):
        return [block["Final-Recipient"].split("; ")[1] for block in self.blocks]


class Relay:
    """Either kind of relay between its three peers."""

    def __init__(self, node, services, peers):
        self.node, self.services = node, services
        self.dsn, self.plain, self.mailbox = peers

    def peer_of(self, domain):
        return self.dsn if domain == "dsn.example" else self.plain

    def metric(self, name):
        return sum(service.metric(name) for service in self.services)

    def send(self, mail_options, rcpts, sender=SENDER):
        """rcpts: (address, options) each."""
        client = connect(self.node.smtp_ports[0])
        for command in (f"MAIL FROM:<{sender}>{mail_options}", *(f"RCPT TO:<{to}>{options}" for to, options in rcpts)):
            reply = client.docmd(command)
            assert reply[0] == 250, f"{command}: {reply}"
        assert client.docmd("DATA")[0] == 354
        client.send(stuffed(content_for(rcpts[0][0])) + b".\r\n")
        assert client.getreply()[0] == 250
        client.quit()

    def reports(self):
        return [Report(arrival) for arrival in self.mailbox.arrivals]

    def wait_for_reports(self, count):
        self.mailbox.wait_for(lambda d: len(d.arrivals) >= count, 60, f"{count} reports")

    def forget(self):
        self.mailbox.arrivals.clear()


# ---- the intake ----

MAIL_LINES = ((" RET=FULL ENVID=" + "x" * 100, 250), (" RET=HDRS", 250), (" ret=full", 250), (" RET=BODY", 501),
              (" RET=FULL RET=FULL", 501), (" ENVID=", 501), (" ENVID=" + "x" * 101, 501), (" ENVID=a+2", 501),
              (" ENVID=a+2b", 501), (" ENVID=a=b", 501), (" NOTIFY=NEVER", 555))
RCPT_LINES = (("", 250), (" NOTIFY=NEVER", 250), (" notify=success,Failure,DELAY", 250), (" NOTIFY=NEVER,DELAY", 501),
              (" NOTIFY=", 501), (" NOTIFY=SUCCESS,", 501), (" NOTIFY=LATER", 501),
              (" NOTIFY=DELAY NOTIFY=DELAY", 501), (" ORCPT=rfc822;" + "x" * 493, 250),
              (" ORCPT=rfc822;" + "x" * 494, 501), (" ORCPT=a@b.example", 501), (" ORCPT=rfc822;a+4", 501),
              (" ENVID=x", 555))


def intake(relay):
    client = connect(relay.node.smtp_ports[0])
    assert client.has_extn("dsn"), client.esmtp_features
    for options, code in MAIL_LINES:
        reply = client.docmd(f"MAIL FROM:<{SENDER}>{options}")
        assert reply[0] == code, (options, reply)
        assert client.docmd("RSET")[0] == 250
    assert client.docmd(f"MAIL FROM:<{SENDER}>")[0] == 250
    for options, code in RCPT_LINES:
        reply = client.docmd(f"RCPT TO:<ok@dsn.example>{options}")
        assert reply[0] == code, (options, reply)
    client.quit()


# ---- the matrix ----

def check_passed_on(case, peer):
    (arrival,) = peer.to(case.rcpt)
    has_dsn = case.domain == "dsn.example"
    mail = [word for word in arrival.mail_options.split() if word.startswith(("RET=", "ENVID="))]
    assert mail == (["RET=HDRS", f"ENVID={ENVID}"] if has_dsn else []), (case.rcpt, arrival.mail_options)
    assert arrival.rcpt_options == (case.rcpt_options().strip() if has_dsn else ""), arrival.rcpt_options


def check_report(case, report):
    (block,) = report.blocks
    status = OUTCOMES[case.outcome] or "2.0.0"
    assert (block["Action"], block["Status"].split()[0]) == (case.action(), status), block.items()
    assert block["Original-Recipient"] == f"rfc822; {ORCPT_DECODED}", block.items()
    assert report.about_mail["Original-Envelope-Id"] == ENVID_DECODED, report.about_mail.items()
    assert report.parts[2].get_content_type() == "text/rfc822-headers"  # RET=HDRS
    assert report.arrival.sender == "" and report.arrival.rcpt == SENDER
    assert report.arrival.rcpt_options == "NOTIFY=NEVER", "nobody reports about a report"
    assert "ENVID=" not in report.arrival.mail_options and "RET=" not in report.arrival.mail_options


def matrix(relay):
    owed = {case.rcpt: case for case in CASES if case.action()}
    silent = [case for case in CASES if case.outcome != "ok" and not case.action()]
    for case in CASES:
        relay.send(f" RET=HDRS ENVID={ENVID}", [(case.rcpt, case.rcpt_options())])
    for case in (case for case in CASES if case.outcome == "ok"):
        relay.peer_of(case.domain).wait_for(lambda d, rcpt=case.rcpt: d.to(rcpt), 30, case.rcpt)
        check_passed_on(case, relay.peer_of(case.domain))
    relay.wait_for_reports(len(owed))
    wait_until(lambda: relay.metric("hikyaku_bouncer_suppressed_total") == len(silent), 60, "the others are silenced")
    reports = relay.reports()
    assert sorted(rcpt for report in reports for rcpt in report.rcpts()) == sorted(owed)
    for report in reports:
        check_report(owed[report.rcpts()[0]], report)


def many_recipients(relay):
    """Of one mail: each according to its own NOTIFY, one report for those that are entitled."""
    cases = [case for case in CASES if case.outcome == "gone" and case.domain == "plain.example"]
    suppressed = relay.metric("hikyaku_bouncer_suppressed_total")
    relay.send("", [(case.rcpt, case.rcpt_options()) for case in cases])
    relay.wait_for_reports(1)
    wait_until(lambda: relay.metric("hikyaku_bouncer_suppressed_total") > suppressed, 30, "the others are silenced")
    (report,) = relay.reports()
    assert report.rcpts() == [case.rcpt for case in cases if case.action()], report.rcpts()
    assert report.about_mail["Original-Envelope-Id"] is None


def what_is_returned(relay):
    """RET is about failures; what was relayed is told by the header alone."""
    for option, outcome, notify, returned in ((" RET=FULL", "gone", "FAILURE", "message/rfc822"),
                                              ("", "gone", "FAILURE", "message/rfc822"),
                                              (" RET=HDRS", "gone", "FAILURE", "text/rfc822-headers"),
                                              (" RET=FULL", "ok", "SUCCESS", "text/rfc822-headers")):
        relay.send(option, [(f"{outcome}@plain.example", f" NOTIFY={notify}")])
        relay.wait_for_reports(1)
        (report,) = relay.reports()
        assert report.parts[2].get_content_type() == returned, (option, outcome, report.parts[2].get_content_type())
        assert report.blocks[0]["Original-Recipient"] is None
        relay.forget()


def null_sender(relay):
    """Whatever was asked for, <> gets nothing."""
    for outcome in ("ok", "gone"):
        relay.send("", [(f"{outcome}-null@plain.example", " NOTIFY=SUCCESS,FAILURE")], sender="")
    wait_until(lambda: relay.metric("hikyaku_bouncer_double_bounces_total") == 2, 30, "two without a report")
    assert not relay.mailbox.arrivals


SCENES = (intake, matrix, many_recipients, what_is_returned, null_sender)


def play(relay):
    for scene in SCENES:
        relay.forget()
        scene(relay)
        print(f"  {scene.__name__}: as it should be", flush=True)


def settings_for(dsn, plain, mailbox):
    routes = ((DOMAINS[0], dsn), (DOMAINS[1], plain), ("*", mailbox))
    return [f"service.time_scale={TIME_SCALE}",
            'configurations=({retry={interval="linear"; a_s=40; period_s=60;};})',
            *(f"routes.[{i}].domain={domain}" for i, (domain, _) in enumerate(routes)),
            *(f'routes.[{i}].hosts=["{peer.host_port}"]' for i, (_, peer) in enumerate(routes))]


def peers():
    dsn, plain, mailbox = Destination(), Destination(), Destination()
    dsn.has_dsn = mailbox.has_dsn = True
    return dsn, plain, mailbox


def embedded():
    three = peers()
    with private_folder("dsn") as folder, Embedded(folder, None, settings_for(*three)) as node:
        play(Relay(node, [node.service], three))


def cluster():
    three = peers()
    with private_folder("dsn-cluster") as folder, Cluster(folder, None, 1, settings_for(*three)) as nodes:
        play(Relay(nodes, nodes.of("bouncer"), three))


PARTS = {part.__name__: part for part in (embedded, cluster)}


def main():
    os.environ["HIKYAKU_TEST"] = "1"
    for name in sys.argv[1:] or PARTS:
        PARTS[name]()
        print(f"dsn: {name}: {len(CASES)} cases as they should be", flush=True)


if __name__ == "__main__":
    main()
