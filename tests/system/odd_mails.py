#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Mails that no good program sends, each delivered octet by octet but for our trace field, or refused
with the documented code; and several configurations at once, one of which is gone before its mail.
Bodies around the 128 KiB bound, 30 MiB and 900 recipients: large.py.

  odd_mails.py embedded|cluster ..."""
import os
import re
import signal
import sys

from kit.cluster import Cluster, Embedded, private_folder
from kit.destination import Destination
from kit.mail import SENDER, bounce_fields, connect, content_for, submit, transact
from kit.ports import free_port
from kit.process import wait_until

NESTED = (b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
          b"Received: from nested.example; x\r\nSubject: nested\r\n\r\n.dot\r\n--b--\r\n")
LONG = b"".join(b"X-%d: kept\r\n\tand folded\r\n" % number for number in range(5000))  # over 100 KiB
ODD = {
    "no-colon": b"this is no field\r\nSubject: x\r\n\r\nhi\r\n",
    "empty-name": b": no name\r\nSubject : a blank before the colon\r\n\r\nhi\r\n",
    "folded-first": b" folded from nowhere\r\nSubject: x\r\n\r\nhi\r\n",
    "octets": b"Subject: \xff\xfe\x01\x7f\r\nX-\xe9: y\r\n\r\nhi\r\n",
    "header-100k": LONG + b"\r\nhi\r\n",
    "no-body": b"Subject: nothing but a header\r\n",
    "no-header": b"\r\nhi\r\n",
    "dot-after-text": b"Subject: x\r\n\r\na last line and its dot.\r\n",  # no CRLF before that dot
    "nested": NESTED,
}
REFUSED = {
    "cr-in-header": b"Subject: a\rbare CR\r\n\r\nhi\r\n",
    "cr-before-dot": b"Subject: x\r\n\r\nno final CRLF\r",
    "cr-in-body": b"Subject: x\r\n\r\na\rb\r\n",
}
CONFIGURATIONS = """configurations = (
  { name = "default"; retry: { interval = "linear"; a_s = 2; }; },
  { name = "strip"; listeners = [ "strip" ]; received = "remove_all"; bounce: { format = "simple"; };
    retry: { interval = "linear"; a_s = 2; }; envelope_from: { rewrite = "bounces@strip.example"; }; },
  { name = "near"; networks = [ "127.0.0.0/8" ]; bounce: { format = "simple"; };
    retry: { interval = "linear"; a_s = %d; }; } );
"""
WITHOUT = re.sub(r',\s*{ name = "near".*?; } \);', " );", CONFIGURATIONS, flags=re.S)


class Scene:
    """A relay on a file of its own: a listener for `strip`; all other mail is that of a network, `near`."""

    def __init__(self, kind, folder):
        self.path = os.path.join(folder, "live.conf")
        self.write(CONFIGURATIONS % 6)
        self.destination, self.strip = Destination(), free_port()
        settings = ['listeners.[0].networks=["127.0.0.0/8"]', 'listeners.[1].name="strip"',
                    f"listeners.[1].port={self.strip}", 'listeners.[1].networks=["127.0.0.0/8"]',
                    "sender.hostname=relay.example", "scheduler.rebuild_grace_ms=1000"]
        if kind == "embedded":
            self.node = Embedded(folder, self.destination, settings, self.path)
            self.services = [self.node.service]
        else:
            self.node = Cluster(folder, self.destination, 1, settings, self.path)
            self.services = list(self.node.services.values())

    def write(self, text):
        with open(self.path + ".new", "w", encoding="ascii") as file:
            file.write(text)
        os.replace(self.path + ".new", self.path)

    def reload(self, text):
        self.write(text)
        for service in self.services:
            service.process.signal(signal.SIGHUP)
        for service in self.services:
            wait_until(lambda s=service: s.metric("hikyaku_config_reload_total") == 1, 30, f"{service.name} reloads")

    @property
    def port(self):
        return self.node.smtp_ports[0]

    def arrival(self, rcpt):
        self.destination.wait_for(lambda d: d.to(rcpt), 30, rcpt)
        arrivals = self.destination.to(rcpt)
        assert len(arrivals) == 1, f"{rcpt}: {len(arrivals)} times"
        return arrivals[0]

    def bounce_to(self, port, sender, rcpt):
        client = connect(port)
        assert transact(client, [rcpt], content_for(rcpt), sender)[0] == 250
        client.quit()


def delivered(scene):
    """One Received field in front, or with remove_all the loop token; then what was sent."""
    fields = {scene.port: rb"Received: [^\r]*\r\n([ \t][^\r]*\r\n)*", scene.strip: rb"X-Hikyaku-Loop: \w+\r\n"}
    trace = b"Received: from old.example\r\n by app.example; x\r\nRECEIVED: x\r\n"
    for port, field in fields.items():
        client = connect(port)
        for name, content in ODD.items():
            rcpt = f"ok-{name}-{port}@dest.example"
            has_trace = name in ("nested", "header-100k")
            reply = transact(client, [rcpt], (trace if has_trace else b"") + content, options=" BODY=8BITMIME")
            assert reply[0] == 250, f"{name}: {reply}"
            left = trace + content if has_trace and port == scene.port else content
            arrived = scene.arrival(rcpt).content
            assert re.fullmatch(field + re.escape(left), arrived), f"{name}: {arrived[:300]!r}"
        client.quit()


def refused(scene):
    client = connect(scene.port)
    for name, content in REFUSED.items():
        for command in (f"MAIL FROM:<{SENDER}>", f"RCPT TO:<ok-{name}@dest.example>"):
            assert client.docmd(command)[0] == 250
        assert client.docmd("DATA")[0] == 354
        # After a bare CR the dot is no end, so the true end follows.
        client.send(content + (b".\r\n\r\n.\r\n" if name == "cr-before-dot" else b".\r\n"))
        reply = client.getreply()
        assert reply[0] == 550 and reply[1].startswith(b"5.5.2"), f"{name}: {reply}"
        assert client.noop()[0] == 250, "the session goes on"
    client.quit()
    assert not [a.rcpt for a in scene.destination.arrivals if a.rcpt.startswith("ok-cr-")]


def test_s03_trace_lines_retries_and_bounces_of_one_configuration(scene):
    """By listener: no Received lines, a retry after its interval, a simple bounce to another address."""
    submit(scene.strip, "grey-strip@dest.example", b"Received: from postfix.example; x\r\nSubject: x\r\n\r\nhi\r\n")
    arrival = scene.arrival("grey-strip@dest.example")
    assert arrival.header("Received") is None and arrival.sender == "bounces@strip.example"
    scene.bounce_to(scene.strip, "app@sender.example", "gone-strip@dest.example")
    bounce = scene.arrival("bounces@strip.example")
    assert b"Hi. This is the" in bounce.content and b"multipart/report" not in bounce.content, bounce.content


def gone_before_its_mail(scene):
    """By network, until `near` is gone from the file: what waits for its retry is mail of `default`."""
    scene.bounce_to(scene.port, "near@sender.example", "gone-near@dest.example")
    assert b"Hi. This is the" in scene.arrival("near@sender.example").content
    scene.destination.greylisted.discard("grey-late@dest.example")
    scene.bounce_to(scene.port, "late@sender.example", "grey-late@dest.example")
    scene.destination.wait_for(lambda d: "grey-late@dest.example" in d.greylisted, 30, "waits for its retry")
    scene.destination.answer_rcpt = lambda rcpt, answer=scene.destination.answer_rcpt: \
        "550 5.1.1 Gone meanwhile" if rcpt.startswith("grey-late") else answer(rcpt)
    scene.reload(WITHOUT)
    fields = bounce_fields(scene.arrival("late@sender.example"))
    assert fields["Action"] == "failed" and fields["Status"] == "5.1.1", fields.items()
    scene.bounce_to(scene.port, "new@sender.example", "gone-new@dest.example")
    bounce_fields(scene.arrival("new@sender.example"))


SCENES = (delivered, refused, test_s03_trace_lines_retries_and_bounces_of_one_configuration, gone_before_its_mail)


def main():
    for kind in sys.argv[1:]:
        with private_folder("odd-mails") as folder:
            scene = Scene(kind, folder)
            with scene.node:
                for play in SCENES:
                    play(scene)
        print(f"{kind}: {2 * len(ODD)} odd mails as sent, {len(REFUSED)} refused, three configurations", flush=True)


if __name__ == "__main__":
    main()
