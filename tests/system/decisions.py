#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Who gets a report, and of what kind: hikyaku, Debian's Postfix and Debian's Exim, given the same mails.

  decisions.py           compares them, and the table in docs/bounces.md with what they differ in
  decisions.py --write   writes that table
NOTIFY x outcome x sender x RET, and contents that are returned or not. The next hops are the kit's: one without DSN,
one with it, and one for the reports. All must decide the same, but where DIFFERENCES says otherwise, and why."""
import email
import email.policy
import itertools
import os
import sys
from typing import Callable, NamedTuple

from kit.cluster import PROJECT, Embedded, private_folder
from kit.destination import Destination
from kit.mail import SENDER, connect, content_for, transact
from kit.mta import Exim, Postfix, need_mail_servers
from kit.process import wait_until

DOCS = PROJECT / "docs" / "bounces.md"
BEGIN, END = "<!-- decisions.py: begin -->\n", "<!-- decisions.py: end -->\n"
NOTIFIES = ("", "NEVER", "SUCCESS", "FAILURE", "DELAY", "SUCCESS,FAILURE")
OUTCOMES = {"refused": "gone", "expired": "busy", "taken": "ok", "dsn": "ok"}  # the local part, for the kit
SENDERS = {"app": SENDER, "null": ""}
RETS = ("", "FULL", "HDRS")
BODIES = {"short": b"Hello\r\n", "long": b"a line of a long mail, 34 octets\r\n" * 2000,
          "8bit": "gr\u00fc\u00dfe\r\n".encode(), "wide": b"x" * 998 + b"\r\n", "wider": b"x" * 999 + b"\r\n"}
ENVID, ORCPT = "QQ+2B3", "rfc822;First+2BTag@shop.example"
EXPIRE = {  # given up soon after the first 4xx
    "hikyaku": ["service.time_scale=20", 'configurations=({retry={interval="linear"; a_s=40; period_s=60;};})'],
    "postfix": "maximal_queue_lifetime = 0\nbounce_queue_lifetime = 0",
    "exim": "dsn_advertise_hosts = *\nignore_bounce_errors_after = 0s",  # reports it cannot send are dropped; no retry rule
}


class Case(NamedTuple):
    """One mail to one recipient."""
    notify: str
    outcome: str
    sender: str
    ret: str
    body: str = "short"

    @property
    def rcpt(self):
        """As it is called in the reports."""
        words = (OUTCOMES[self.outcome], self.notify.replace(",", ".") or "none", self.sender, self.ret or "any",
                 self.body)
        return f"{'-'.join(words).lower()}@{'dsn' if self.outcome == 'dsn' else 'plain'}.example"

    def mail_options(self):
        return f" ENVID={ENVID}" + (f" RET={self.ret}" if self.ret else "") + \
            (" BODY=8BITMIME" if self.body == "8bit" else "")

    def rcpt_options(self):
        return f" ORCPT={ORCPT}" + (f" NOTIFY={self.notify}" if self.notify else "")

    def is_told(self):
        """Whether hikyaku's bouncer hears of it."""
        return OUTCOMES[self.outcome] != "ok" or (self.outcome == "taken" and "SUCCESS" in self.notify)


CASES = [Case(*values) for values in itertools.product(NOTIFIES, OUTCOMES, SENDERS, RETS)] + \
    [Case("", "refused", "app", ret, body) for ret in RETS for body in BODIES if body != "short"]


class Decision(NamedTuple):
    """What became of a mail; "": there is no report, or no host with DSN. "None": a field that the report lacks."""
    action: str = ""
    status: str = ""
    envid: str = ""
    orcpt: str = ""
    returned: str = ""      # the type of the third part
    report_from: str = ""   # its MAIL FROM
    passed_on: str = ""     # ENVID, NOTIFY and RET as the next hop with DSN saw them
    passed_orcpt: str = ""


class Difference(NamedTuple):
    """Of these mails this field, where hikyaku has it, is for the three in turn:"""
    what: str
    where: Callable[[Case], bool]
    field: str
    values: tuple
    why: str


RELAYS = ("hikyaku", "postfix", "exim")
FULL, HDRS = "message/rfc822", "text/rfc822-headers"
ENVID_PLAIN, ORCPT_PLAIN = "QQ+3", "rfc822;First+Tag@shop.example"
UNDECODED = "xtext is how RFC 3461 4 encodes the parameter, not the field; Exim writes it as it came"
DIFFERENCES = (
    Difference("Action, taken by a host without DSN", lambda c: c.outcome == "taken", "action",
               ("relayed", "relayed", "delivered"),
               "RFC 3464 2.3.3: nobody will report on from there; Exim knows one word"),
    Difference("Status, refused with 5.1.1", lambda c: c.outcome == "refused", "status", ("5.1.1", "5.1.1", "5.0.0"),
               "Exim does not read the host's codes: 5.0.0 for each failure"),
    Difference("Status, given up after 451 4.3.2", lambda c: c.outcome == "expired", "status",
               ("4.4.7", "4.3.2", "5.0.0"),
               "RFC 3463: 4.4.7 is what became of the mail; Postfix repeats the last reply, our Diagnostic-Code"),
    Difference("Original-Envelope-Id of `ENVID=QQ+2B3`", lambda c: True, "envid", (ENVID_PLAIN, ENVID_PLAIN, ENVID),
               UNDECODED),
    Difference("Original-Recipient of `First+2BTag`", lambda c: c.notify, "orcpt", (ORCPT_PLAIN, ORCPT_PLAIN, ORCPT),
               UNDECODED),
    Difference("Original-Recipient without NOTIFY", lambda c: not c.notify, "orcpt", (ORCPT_PLAIN, ORCPT_PLAIN, "None"),
               "RFC 3461 6.3: wherever ORCPT came; Exim keeps it only with NOTIFY"),
    Difference("ORCPT passed on without NOTIFY", lambda c: not c.notify, "passed_orcpt",
               (f"ORCPT={ORCPT}", f"ORCPT={ORCPT}", ""), "RFC 3461 5.2.1: unchanged; Exim keeps it only with NOTIFY"),
    Difference("returned: 66 KB", lambda c: c.body == "long" and c.ret != "HDRS", "returned", (HDRS, HDRS, FULL),
               "RFC 3461 6.2 leaves the limit to each: 50 KiB, 50000 octets, 100 KiB"),
    Difference("returned: 8-bit", lambda c: c.body == "8bit" and c.ret != "HDRS", "returned", (HDRS, FULL, FULL),
               "our reports are 7-bit, so that they never need 8BITMIME"),
    Difference("returned: a line of 999", lambda c: c.body == "wider" and c.ret != "HDRS", "returned",
               (HDRS, FULL, HDRS), "beyond RFC 5321 4.5.3.1.6; Exim itself refuses the mail, Postfix breaks the line"),
)


# ---- asking ----

def submit_all(port):
    client = connect(port)
    assert client.has_extn("dsn"), client.esmtp_features
    for case in CASES:
        reply = transact(client, [case.rcpt], content_for(case.rcpt, BODIES[case.body]), SENDERS[case.sender],
                         case.mail_options(), case.rcpt_options())
        assert reply[0] == 250, (case, reply)
    client.quit()


class NextHops:
    """Of one relay, and what they were given."""

    def __init__(self):
        self.plain, self.dsn, self.mailbox = Destination(), Destination(), Destination()
        self.dsn.has_dsn = True
        self.ports = {"plain.example": self.plain.port, "dsn.example": self.dsn.port, "*": self.mailbox.port}

    def reports(self):
        """By the recipient that each is about; two about one mail are a failure."""
        found = {}
        for arrival in self.mailbox.arrivals:
            report = email.message_from_bytes(arrival.content, policy=email.policy.compat32)
            _, status, returned = report.get_payload()
            about_mail, block = status.get_payload()
            rcpt = block["Final-Recipient"].split(";")[1].strip()
            assert rcpt not in found and arrival.rcpt == SENDER, (rcpt, arrival.rcpt)
            found[rcpt] = Decision(block["Action"], block["Status"].split()[0],
                                   str(about_mail["Original-Envelope-Id"]),
                                   str(block["Original-Recipient"]).replace("; ", ";"), returned.get_content_type(),
                                   f"<{arrival.sender}>")
        return found

    def passed_on(self, case):
        host = self.dsn if case.outcome == "dsn" else self.plain
        arrivals = host.to(case.rcpt)
        assert len(arrivals) == (OUTCOMES[case.outcome] == "ok"), (case, len(arrivals))
        words = sorted(word for arrival in arrivals for word in f"{arrival.mail_options} {arrival.rcpt_options}".split()
                       if not word.startswith(("SIZE=", "BODY=")))
        return {"passed_on": " ".join(word for word in words if not word.startswith("ORCPT=")),
                "passed_orcpt": " ".join(word for word in words if word.startswith("ORCPT="))}

    def decisions(self):
        reports = self.reports()
        assert reports.keys() <= {case.rcpt for case in CASES}, reports.keys()
        return {case: reports.get(case.rcpt, Decision())._replace(**self.passed_on(case)) for case in CASES}


def decisions_of_mta(kind):
    hops = NextHops()
    with private_folder("decisions-" + kind.name) as folder, kind(folder) as mta:
        mta.start(hops.ports, main=EXPIRE[kind.name])
        submit_all(mta.port)
        mta.wait_idle(30)
    return hops.decisions()


def decisions_of_hikyaku():
    hops = NextHops()
    routes = ", ".join(f'{{domain="{domain}"; hosts=["127.0.0.1:{port}"];}}' for domain, port in hops.ports.items())
    with private_folder("decisions") as folder, \
            Embedded(folder, None, [f"routes=({routes})", *EXPIRE["hikyaku"]]) as node:
        metric = node.service.metric
        submit_all(node.smtp_port)
        told = sum(case.is_told() for case in CASES)
        counted = [f"hikyaku_bouncer_{what}_total" for what in ("reports", "suppressed", "double_bounces")]
        wait_until(lambda: sum(map(metric, counted)) == told, 30, lambda: f"{told} decided, not {[*map(metric, counted)]}")
        reports = metric(counted[0])
        hops.mailbox.wait_for(lambda mailbox: len(mailbox.arrivals) >= reports, 30, f"{reports} reports")
    return hops.decisions()


# ---- comparing ----

def expected(case, field, ours):
    """Of the three, in turn."""
    rows = [row for row in DIFFERENCES if ours and row.field == field and row.where(case)]
    return rows[0].values if rows else (ours,) * len(RELAYS)


def compare(decided):
    """decided: of each relay. The lines that say where they are not as expected."""
    for case, field in itertools.product(CASES, Decision._fields):
        found = tuple(getattr(decided[relay][case], field) for relay in RELAYS)
        wanted = expected(case, field, found[0])
        if found != wanted:
            yield f"{tuple(case)} {field}: {found}, not {wanted}"


def table():
    lines = ["| | hikyaku | Postfix 3.7 | Exim 4.96 | why |", "|---|---|---|---|---|"]
    for row in DIFFERENCES:
        cells = [f"`{value}`" if value not in ("", "None") else "-" for value in row.values]
        lines.append(f"| {row.what} | {' | '.join(cells)} | {row.why} |")
    return "\n".join(lines) + "\n"


def main():
    need_mail_servers()
    os.environ["HIKYAKU_TEST"] = "1"
    decided = {"hikyaku": decisions_of_hikyaku(), **{kind.name: decisions_of_mta(kind) for kind in (Postfix, Exim)}}
    faults = list(compare(decided))
    assert not faults, "\n".join(faults)
    before, rest = DOCS.read_text(encoding="utf-8").split(BEGIN)
    written, after = rest.split(END)
    if sys.argv[1:] == ["--write"]:
        DOCS.write_text(before + BEGIN + table() + END + after, encoding="utf-8")
    else:
        assert written == table(), "docs/bounces.md is not fresh: decisions.py --write"
    reports = sum(bool(decision.action) for decision in decided["hikyaku"].values())
    print(f"decisions: {len(CASES)} mails, {reports} with a report: the same but for {len(DIFFERENCES)} differences")


if __name__ == "__main__":
    main()
