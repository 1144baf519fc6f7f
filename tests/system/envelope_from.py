#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The envelope From through the real programs: rewritten on the wire, bounces returned to the
rewritten address and forwarded to the original one, or not, as `hikyakuctl preview from` said.

  envelope_from.py embedded|cluster ..."""
import email
import email.policy
import json
import smtplib
import subprocess
import sys

from kit.cluster import PROJECT, build_folder, private_folder, relay
from kit.destination import Destination
from kit.ports import free_port
from kit.process import wait_until

RULES = ['configurations=({envelope_from={rewrite="@advanced.example"; forward_bounces=true;};})',
         'bounces.receive_domains=["own.example"]',
         'sending_domains.[0].domain="shop.example"', 'sending_domains.[0].rewrite="bounces@shop-mail.example"',
         'sending_domains.[1].domain="own.example"']


class Mail:
    """One mail to one recipient; the From field need not be the envelope's."""

    def __init__(self, sender, header_from, rcpt, public_port):
        self.sender, self.header_from, self.rcpt, self.public_port = sender, header_from, rcpt, public_port

    def content(self):
        return f"From: {self.header_from}\r\nTo: <{self.rcpt}>\r\nMessage-ID: <{self.rcpt}>\r\n\r\nHello\r\n"

    def send(self, ports):
        with smtplib.SMTP("127.0.0.1", ports[self.public_port], timeout=60) as client:
            refused = client.sendmail(self.sender, [self.rcpt], self.content())
        assert not refused, refused

    def preview(self):
        command = [str(build_folder() / "hikyakuctl"), "preview", "from", "--json", "-c",
                   str(PROJECT / "examples" / "embedded.conf"), "--sender", self.sender or "<>",
                   "--header-from", self.header_from, "--public-port", str(self.public_port)]
        for rule in RULES:
            command += ["--set", rule]
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout)


def reports_about(destination, rcpt):
    """(recipient, report, its octets) of each report that names the failed recipient."""
    found = []
    for arrival in destination.arrivals:
        if arrival.sender == "" and b"Final-Recipient: rfc822; " + rcpt.encode() in arrival.content:
            report = email.message_from_bytes(arrival.content, policy=email.policy.default)
            found.append((arrival.rcpt, report, arrival.content))
    return found


def check_report(rcpt, report, mail, rewritten):
    assert report.get_content_type() == "multipart/report", report.get_content_type()
    assert report["To"].addresses[0].addr_spec == rcpt, report["To"]
    assert report["Auto-Submitted"] == "auto-replied" and report["In-Reply-To"] == f"<{mail.rcpt}>"
    text, status, original = report.iter_parts()
    assert mail.rcpt in text.get_content()
    about_mail, about_rcpt = status.get_payload()
    assert about_mail["X-Hikyaku-Sender"] == f"rfc822; {mail.sender}", about_mail.items()
    assert about_rcpt["Action"] == "failed" and about_rcpt["Status"] == "5.1.1", about_rcpt.items()
    returned = original.get_payload()[0]
    assert returned["Return-Path"] == f"<{rewritten}>", returned.items()


def check_refused(destination, mail, targets):
    """The bounce goes to these addresses and nowhere else; each is a mail of its own."""
    seen = mail.preview()
    assert targets[0] == seen["envelope_from"], seen
    assert seen["forwarded"] == (len(targets) == 2), seen
    destination.wait_for(lambda d: len(reports_about(d, mail.rcpt)) >= len(targets), 30, f"{mail.rcpt} to {targets}")
    reports = reports_about(destination, mail.rcpt)
    assert sorted(rcpt for rcpt, _, _ in reports) == sorted(targets), reports
    assert len({report["Message-ID"] for _, report, _ in reports}) == len(targets)
    for rcpt, report, octets in reports:
        check_report(rcpt, report, mail, seen["envelope_from"])
        assert f"\r\n{mail.content()}".encode() in octets, "the mail itself is never touched"


def check_delivered(destination, mail, rewritten):
    destination.wait_for(lambda d: d.to(mail.rcpt), 30, f"{mail.rcpt} is delivered")
    arrival = destination.to(mail.rcpt)[0]
    assert arrival.sender == rewritten, f"from {arrival.sender}, not {rewritten}"
    assert arrival.header("From") == mail.header_from
    assert mail.preview()["envelope_from"] == rewritten


REFUSED = [  # and where the bounce goes: the rewritten address first
    (Mail("app-42@shop.example", "Shop <news@shop.example>", "gone-sending@dest.example", 587),
     ["bounces@shop-mail.example", "app-42@shop.example"]),
    (Mail("app@other.example", r'"Shop, \"X\"" <news@SHOP.example>', "gone-header@dest.example", 587),
     ["bounces@shop-mail.example", "app@other.example"]),
    (Mail("App+1@other.example", "a@another.example", "gone-advanced@dest.example", 587),
     ["App+1@advanced.example", "App+1@other.example"]),
    (Mail("app@other.example", "a@other.example", "gone-port25@dest.example", 25), ["app@advanced.example"]),
    (Mail("app@own.example", "a@own.example", "gone-own@dest.example", 587), ["app@advanced.example"]),
    (Mail("app@advanced.example", "a@other.example", "gone-same@dest.example", 587), ["app@advanced.example"]),
]
DELIVERED = [
    (Mail("app-42@shop.example", "Shop <news@shop.example>", "ok-sending@dest.example", 25),
     "bounces@shop-mail.example"),
    (Mail("app@other.example", "a@other.example", "ok-advanced@dest.example", 587), "app@advanced.example"),
    (Mail("", "Shop <news@shop.example>", "ok-null@dest.example", 587), ""),
]
NULL_SENDER = Mail("", "Shop <news@shop.example>", "gone-null@dest.example", 587)
SKIPPED = {"port25": 1, "own_domain": 1, "same": 1}
REWRITES = {("sending_domain", "rewritten"): 3, ("advanced", "rewritten"): 5, ("sending_domain", "null_sender"): 2}


def series(service, text):
    for line in service.get("/metrics")[1].splitlines():
        if line.startswith(text + " "):
            return float(line.rsplit(" ", 1)[1])
    return 0.0


def check_metrics(bouncer, ingress):
    for reason, count in SKIPPED.items():
        found = series(bouncer, f'hikyaku_bouncer_forward_skipped_total{{reason="{reason}"}}')
        assert found == count, f"{reason}: {found}, not {count}"
    for (rule, result), count in REWRITES.items():
        found = series(ingress, f'hikyaku_ingress_rewrites_total{{rule="{rule}",result="{result}"}}')
        assert found == count, f"{rule}, {result}: {found}, not {count}"


def check(kind):
    destination = Destination()
    submission = free_port()
    second = ["listeners.[1].name=submission", f"listeners.[1].port={submission}",
              "listeners.[1].public_port=587", 'listeners.[1].networks=["127.0.0.0/8"]']
    with private_folder("envelope-from") as folder, relay(kind, folder, destination, [*RULES, *second]) as node:
        ports = {25: node.smtp_ports[0], 587: submission}
        bouncer, ingress = node.of("bouncer")[0], node.of("ingress")[0]
        for mail in [*(mail for mail, _ in REFUSED), *(mail for mail, _ in DELIVERED), NULL_SENDER]:
            mail.send(ports)
        for mail, rewritten in DELIVERED:
            check_delivered(destination, mail, rewritten)
        for mail, targets in REFUSED:
            check_refused(destination, mail, targets)
        wait_until(lambda: bouncer.metric("hikyaku_bouncer_double_bounces_total") == 1, 30,
                   "the mail from <> ends without a report")
        reports = sum(len(targets) for _, targets in REFUSED)
        assert len(destination.arrivals) == reports + len(DELIVERED), [a.rcpt for a in destination.arrivals]
        check_metrics(bouncer, ingress)
    print(f"{kind}: {len(DELIVERED)} delivered and {len(REFUSED)} refused mails, {reports} reports, as previewed")


def main():
    for kind in sys.argv[1:]:
        check(kind)


if __name__ == "__main__":
    main()
