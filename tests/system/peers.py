#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Debian's Postfix and Exim on either side of hikyaku, with their own replies, limits and reports.

  peers.py next        hikyaku -> Postfix, Exim -> the kit's destination
  peers.py previous    Postfix, Exim -> hikyaku, which reports back through them
Who gets which report: decisions.py."""
import contextlib
import email
import email.policy
import os
import socketserver
import sys
import threading

from kit.certificate import Certificate
from kit.cluster import Embedded, private_folder
from kit.destination import Destination
from kit.mail import SENDER, connect, content_for, transact
from kit.mta import Exim, Postfix, need_mail_servers
from kit.process import wait_until

KINDS = (Postfix, Exim)
RETRY = '{interval="linear"; a_s=20; period_s=600;}'  # the first after 1 s
TIME_SCALE = 20
LIMIT = 20000  # octets that a mail may have
RCPTS = 3  # of a transaction
ENVID, ENVID_DECODED = "QQ+2B3", "QQ+3"
ORCPT, ORCPT_DECODED = "rfc822;First+2BTag@shop.example", "rfc822;First+Tag@shop.example"
UNKNOWN = ("5.1.1 There is nobody of that name here,", "ask postmaster")  # two lines
GREY = "4.7.1 Come back in a minute"
UMLAUTS = "gr\u00fc\u00dfe\r\n".encode()
LARGE = b"a line\r\n" * (LIMIT // 8 + 1)


class Greylist(socketserver.ThreadingTCPServer):
    """Each recipient that begins with "late" is deferred once: Postfix's policy protocol, which Exim can speak."""
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), GreylistSession)
        self.port = self.server_address[1]
        self.deferred = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def answer(self, rcpt):
        if not rcpt.startswith("late") or rcpt in self.deferred:
            return "DUNNO"
        self.deferred.append(rcpt)
        return "DEFER " + GREY


class GreylistSession(socketserver.StreamRequestHandler):
    def handle(self):
        rcpt = ""
        for line in self.rfile:
            name, _, value = line.decode().strip().partition("=")
            rcpt = value if name == "recipient" else rcpt
            if not name:
                self.wfile.write(f"action={self.server.answer(rcpt)}\n\n".encode())


def modern(mta, greylist):
    """All extensions; refuses, defers and limits in words of its own."""
    certificate, key = mta.certificate()
    text = "\\n".join(UNKNOWN)
    if isinstance(mta, Postfix):
        return {"main": f"""message_size_limit = {LIMIT}
smtpd_recipient_limit = {RCPTS}
smtpd_recipient_overshoot_limit = {RCPTS}
smtpd_tls_security_level = may
smtpd_tls_received_header = yes
smtpd_tls_cert_file = {certificate}
smtpd_tls_key_file = {key}
smtpd_data_restrictions = reject_unauth_pipelining
smtpd_reject_footer = {UNKNOWN[1]}
body_checks = regexp:{{ {{ /offer of the year/ REJECT 5.7.1 No offers }} }}
smtpd_recipient_restrictions = check_recipient_access regexp:{{ {{ /^unknown/ 550 {UNKNOWN[0]} }} }},
 check_policy_service inet:127.0.0.1:{greylist.port}"""}
    return {"main": f"""message_size_limit = {LIMIT}
recipients_max = {RCPTS}
dsn_advertise_hosts = *
log_selector = +pipelining
tls_certificate = {certificate}
tls_privatekey = {key}""", "rcpt": f"""
  deny local_parts = ^unknown
       message = {text}
  defer set acl_m_asked = ${{readsocket{{inet:127.0.0.1:{greylist.port}}}{{recipient=$local_part@$domain\\n\\n}}}}
        condition = ${{if match{{$acl_m_asked}}{{DEFER}}}}
        message = {GREY}""", "data": """
  deny condition = ${if match{$message_body}{offer of the year}}
       message = 5.7.1 No offers"""}


def bare(mta):
    """No extension at all but, of Exim, a SIZE without a number; the same limit."""
    if isinstance(mta, Postfix):
        return {"main": f"""message_size_limit = {LIMIT}
smtpd_data_restrictions = reject_unauth_pipelining
smtpd_discard_ehlo_keywords = pipelining, size, dsn, 8bitmime, starttls, enhancedstatuscodes, smtputf8, chunking"""}
    return {"main": """pipelining_advertise_hosts =
chunking_advertise_hosts =
smtputf8_advertise_hosts =
pipelining_connect_advertise_hosts =
tls_advertise_hosts =
accept_8bitmime = false"""}


class Report:
    """What a report says, whoever wrote it."""

    def __init__(self, arrival):
        self.arrival = arrival
        self.mail = email.message_from_bytes(arrival.content, policy=email.policy.compat32)
        _, status, self.returned = self.mail.get_payload()
        self.about_mail, *self.blocks = status.get_payload()

    def by(self):
        return self.about_mail["Reporting-MTA"].split(";")[1].strip()

    def fates(self):
        return {block["Final-Recipient"].split(";")[1].strip(): (block["Action"], block["Status"].split()[0])
                for block in self.blocks}


class Next:
    """hikyaku in front of one of the two, and where mail and reports go from there."""

    def __init__(self, node, mta, destination, own_reports):
        self.node, self.mta, self.destination, self.own_reports = node, mta, destination, own_reports

    def rcpt(self, local):
        return f"{local}@{self.mta.name}.example"

    def submit(self, *locals_, body=b"Hello\r\n", mail_options="", rcpt_options=""):
        client = connect(self.node.smtp_port)
        rcpts = [self.rcpt(local) for local in locals_]
        reply = transact(client, rcpts, content_for(rcpts[0], body), SENDER, mail_options, rcpt_options)
        assert reply[0] == 250, reply
        client.quit()

    def arrival(self, local):
        """At the destination behind it."""
        rcpt = self.rcpt(local)
        self.destination.wait_for(lambda d: d.to(rcpt), 20, rcpt)
        (arrival,) = self.destination.to(rcpt)
        return arrival

    def report_in(self, mailbox, local):
        """The only one about that recipient."""
        def found(mailbox):
            return [report for report in map(Report, mailbox.to(SENDER)) if self.rcpt(local) in report.fates()]
        mailbox.wait_for(found, 20, f"a report about {self.rcpt(local)}")
        (report,) = found(mailbox)
        return report

    def reported(self, mailbox):
        """The recipients at this one, once per report about them."""
        return sorted(rcpt for report in map(Report, mailbox.to(SENDER)) for rcpt in report.fates()
                      if rcpt.endswith(f"@{self.mta.name}.example"))

    def own_report(self, local):
        report = self.report_in(self.own_reports, local)
        assert report.by() == "relay.example.com", report.by()
        return report

    def report_of_mta(self, local):
        report = self.report_in(self.destination, local)
        assert report.by() == f"{self.mta.name}.example", report.by()
        return report


# ---- hikyaku before it ----

def taken(peer):
    """Within TLS by a certificate of nobody, octet by octet."""
    body = b".\r\n..two\r\nlast without a word \r\n\r\n."
    peer.submit("ok-dots", body=body + b"\r\n")
    arrival = peer.arrival("ok-dots")
    assert arrival.content.endswith(b"\r\n\r\n" + body + b"\r\n"), arrival.content
    assert b"with esmtps" in arrival.content.lower(), arrival.content
    peer.submit("ok-8bit", body=UMLAUTS, mail_options=" BODY=8BITMIME")
    assert peer.arrival("ok-8bit").content.endswith(UMLAUTS)
    if isinstance(peer.mta, Exim):
        assert " P=esmtps L. " in peer.mta.tail(), "PIPELINING was used"


def its_report(peer):
    """Success and failure behind it are the next host's to report; it has what was submitted."""
    for local, fate, action in (("ok-dsn", "2", ("relayed", "delivered")), ("gone-dsn", "5", ("failed",))):
        peer.submit(local, mail_options=f" RET=HDRS ENVID={ENVID}",
                    rcpt_options=f" NOTIFY=SUCCESS,FAILURE ORCPT={ORCPT}")
        report = peer.report_of_mta(local)
        (block,) = report.blocks
        assert block["Action"] in action and block["Status"].startswith(fate), block.items()
        assert report.about_mail["Original-Envelope-Id"] in (ENVID, ENVID_DECODED), report.about_mail.items()
        assert block["Original-Recipient"].replace("; ", ";") in (ORCPT, ORCPT_DECODED), block.items()
        assert report.returned.get_content_type() == "text/rfc822-headers"
    for local in ("ok-silent", "gone-silent"):
        peer.submit(local, rcpt_options=" NOTIFY=NEVER")
    peer.arrival("ok-silent")


def some_refused(peer):
    """One of three at RCPT, in two lines; a second mail at the end of its data."""
    peer.submit("ok-first", "unknown", "ok-second")
    for local in ("ok-first", "ok-second"):
        peer.arrival(local)
    report = peer.own_report("unknown")
    assert report.fates() == {peer.rcpt("unknown"): ("failed", "5.1.1")}, report.fates()
    diagnostic = report.blocks[0]["Diagnostic-Code"]
    assert diagnostic.startswith("smtp; 550-5.1.1 ") and "nobody of that name" in diagnostic, diagnostic
    assert f"\n 550 5.1.1 {UNKNOWN[1]}" in diagnostic.replace("\r", ""), diagnostic
    peer.submit("ok-offer", "ok-offer-too", body=b"the offer of the year\r\n")
    assert peer.own_report("ok-offer").fates() == \
        {peer.rcpt(local): ("failed", "5.7.1") for local in ("ok-offer", "ok-offer-too")}


def deferred(peer):
    """450 or 451 for one of two: the other goes at once, this one by the retry."""
    peer.submit("ok-prompt", "late")
    prompt, late = peer.arrival("ok-prompt"), peer.arrival("late")
    assert late.at > prompt.at, "after the other"


def too_many(peer):
    """452 from the fourth recipient on: those are for further transactions."""
    locals_ = [f"ok-many-{number}" for number in range(2 * RCPTS + 1)]
    peer.submit(*locals_)
    assert len({peer.arrival(local).at for local in locals_}) == 3, "transactions"


def check_ours(report, status):
    """Its words are hikyaku's, and it does not say that a host said them."""
    (block,) = report.blocks
    assert (block["Action"], block["Status"]) == ("failed", status), block.items()
    assert block["Diagnostic-Code"].startswith("x-hikyaku; ") and not block["Remote-MTA"], block.items()


def too_large(peer):
    """By the SIZE that it offers: the mail is not begun."""
    peer.submit("ok-large", body=LARGE)
    check_ours(peer.own_report("ok-large"), "5.3.4")


def no_other_reports(peer):
    """Than those above, of either."""
    peer.mta.wait_idle(20)
    ours = ("unknown", "ok-offer", "ok-offer-too", "ok-large")
    assert peer.reported(peer.own_reports) == sorted(map(peer.rcpt, ours))
    assert peer.reported(peer.destination) == sorted(map(peer.rcpt, ("ok-dsn", "gone-dsn")))


def in_clear(peer):
    """Without DSN the report of a success is hikyaku's."""
    peer.submit("ok-dsn", mail_options=f" RET=FULL ENVID={ENVID}", rcpt_options=f" NOTIFY=SUCCESS ORCPT={ORCPT}")
    assert peer.own_report("ok-dsn").fates() == {peer.rcpt("ok-dsn"): ("relayed", "2.0.0")}
    assert b"with esmtps" not in peer.arrival("ok-dsn").content.lower()


def only_7bit(peer):
    peer.submit("ok-8bit", body=UMLAUTS, mail_options=" BODY=8BITMIME")
    check_ours(peer.own_report("ok-8bit"), "5.6.3")


def too_large_at_last(peer):
    """Without SIZE (Exim always offers it) that is told behind the content."""
    if isinstance(peer.mta, Postfix):
        peer.submit("ok-large", body=LARGE)
        report = peer.own_report("ok-large")
        assert report.fates() == {peer.rcpt("ok-large"): ("failed", "5.3.4")}, report.fates()
        assert report.blocks[0]["Diagnostic-Code"].startswith("smtp; 552 5.3.4 "), report.blocks[0].items()


MODERN = (taken, its_report, some_refused, deferred, too_many, too_large, no_other_reports)
BARE = (in_clear, only_7bit, too_large_at_last)


# ---- hikyaku behind it ----

def strict(mta):
    """Takes nothing that is not as it should be."""
    if isinstance(mta, Postfix):
        return {"main": """strict_rfc821_envelopes = yes
strict_7bit_headers = yes
strict_8bitmime = yes
strict_mime_encoding_domain = yes
smtp_tls_security_level = may
smtpd_helo_required = yes
smtpd_data_restrictions = reject_unauth_pipelining
smtpd_recipient_restrictions = reject_non_fqdn_helo_hostname, reject_non_fqdn_recipient, permit_mynetworks, reject"""}
    return {"main": "dsn_advertise_hosts = *", "data": """
  require verify = header_syntax"""}


class Previous:
    """A client's mail through one of the two and hikyaku to the destination; reports come back the same way."""

    def __init__(self, mta, node, destination, mailbox):
        self.mta, self.node, self.destination, self.mailbox = mta, node, destination, mailbox

    def submit(self, rcpt, notify):
        client = connect(self.mta.port)
        reply = transact(client, [rcpt], content_for(rcpt), self.sender(), f" ENVID={ENVID}",
                         f" NOTIFY={notify} ORCPT={ORCPT}")
        assert reply[0] == 250, reply
        client.quit()

    def sender(self):
        """Whose mail goes through this one."""
        return f"app@{self.mta.name}.example"

    def report(self):
        """The only one there is."""
        self.mailbox.wait_for(lambda mailbox: mailbox.to(self.sender()), 20, f"a report to {self.sender()}")
        self.mta.wait_idle(20)
        (arrival,) = self.mailbox.to(self.sender())
        assert arrival.sender == "", arrival.sender
        assert f"by {self.mta.name}.example".encode() in arrival.content.split(b"\r\n\r\n")[0], "it took it"
        return arrival


def reports_come_back(peer):
    """In the layout of RFC 3464, with what the client had asked for of the one before us."""
    for rcpt, action in (("gone@dest.example", "failed"), ("ok@dest.example", "relayed")):
        peer.submit(rcpt, "SUCCESS,FAILURE")
        report = Report(peer.report())
        (block,) = report.blocks
        assert report.by() == "relay.example.com" and block["Action"] == action, block.items()
        assert report.about_mail["Original-Envelope-Id"] == ENVID_DECODED, report.about_mail.items()
        assert block["Original-Recipient"].replace("; ", ";") == ORCPT_DECODED, block.items()
        assert not report.mail.defects and not report.mail.get_payload()[2].defects
        peer.mailbox.arrivals.clear()
    peer.submit("gone@dest.example", "NEVER")


def simple_reports_come_back(peer):
    peer.submit("gone@dest.example", "FAILURE")
    simple = email.message_from_bytes(peer.report().content, policy=email.policy.compat32)
    assert simple.get_content_type() == "text/plain" and "<gone@dest.example>:" in simple.get_payload(), simple


def routes_to(hosts):
    rows = ", ".join(f'{{domain="{domain}"; hosts=["127.0.0.1:{port}"];}}' for domain, port in hosts.items())
    return f"routes=({rows})"


def play(scenes, peer):
    for scene in scenes:
        scene(peer)
        print(f"  {peer.mta.name}: {scene.__name__}", flush=True)


def next_host():
    own_reports, greylist = Destination(), Greylist()
    with private_folder("peers-next") as folder, contextlib.ExitStack() as running:
        mtas = [running.enter_context(kind(folder, age + kind.name)) for age in ("", "bare-") for kind in KINDS]
        destinations = {mta: Destination() for mta in mtas}
        for mta in mtas:
            settings = bare(mta) if mta.name.startswith("bare-") else modern(mta, greylist)
            mta.start({"*": destinations[mta].port}, **settings)
        hosts = {**{f"{mta.name}.example": mta.port for mta in mtas}, "*": own_reports.port}
        node = running.enter_context(Embedded(folder, None, [
            routes_to(hosts), f"configurations=({{retry={RETRY};}})", f"service.time_scale={TIME_SCALE}"]))
        for mta in mtas:
            play(BARE if mta.name.startswith("bare-") else MODERN, Next(node, mta, destinations[mta], own_reports))


def offers_tls(folder):
    certificate = Certificate(folder)
    return [f'listeners.[0].certificate="{certificate.path}"', f'listeners.[0].key="{certificate.key}"']


def previous_host():
    """Each layout, one of them within TLS. Without, Exim pipelines QUIT and ends its side before we have answered."""
    destination, mailbox = Destination(), Destination()
    layouts = {"multipart": reports_come_back, "simple": simple_reports_come_back}
    for layout, scene in layouts.items():
        with private_folder("peers-previous") as folder, contextlib.ExitStack() as running:
            tls = offers_tls(folder) if layout == "simple" else []
            mtas = [running.enter_context(kind(folder)) for kind in KINDS]
            hosts = {**{f"{mta.name}.example": mta.port for mta in mtas}, "*": destination.port}
            node = running.enter_context(Embedded(folder, None, [
                routes_to(hosts), f"configurations=({{bounce={{format=\"{layout}\";}};}})", *tls]))
            for mta in mtas:
                mta.start({f"{mta.name}.example": mailbox.port, "*": node.smtp_port}, **strict(mta))
                play([scene], Previous(mta, node, destination, mailbox))
                mailbox.arrivals.clear()


PARTS = {"next": next_host, "previous": previous_host}


def main():
    need_mail_servers()
    os.environ["HIKYAKU_TEST"] = "1"
    for name in sys.argv[1:] or PARTS:
        PARTS[name]()
        print(f"peers: {name}: as it should be", flush=True)


if __name__ == "__main__":
    main()
