#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What log lines tell, changed while the processes run: events that outsiders cause are limited and counted, addresses
are masked, a trace shows the SMTP dialogue without content and credentials, and more than usual ends by itself.

  logs.py embedded|cluster ..."""
import datetime
import smtplib
import sys

from kit.cluster import private_folder
from kit.ctl import Ctl, submit_for_id
from kit.destination import Destination
from kit.mail import connect
from kit.process import wait_until
from reload import Node, configuration, parse, plain, secured

CONNECTIONS = 8
REFUSED = 60
PER_SECOND = 5


def ahead(seconds):
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def logging(text):
    return configuration() + "logging: { %s };\n" % text


def lines(node, event):
    found = []
    for service in node.services:
        with open(service.process.log_path, encoding="utf-8") as log:
            found += [line for line in map(parse, log) if line.get("event") == event]
    return found


def deliver(node, destination, rcpt):
    """The lines about it, by event."""
    mail_id = submit_for_id(node.port, rcpt)
    destination.wait_for(lambda d: d.to(rcpt), 30, f"{rcpt} is delivered")

    def of(event):
        return [line for line in lines(node, event) if line["mail_id"] == mail_id]
    wait_until(lambda: of("accepted") and of("delivered"), 10, f"lines about {mail_id}")
    return of("accepted")[0], of("delivered")[0]


def left_out(node):
    return sum(line["count"] for line in lines(node, "lines_left_out") if line["reason"] == "connection_refused")


def counted(node):
    return sum(float(line.rsplit(" ", 1)[1]) for service in node.services
               for line in service.get("/metrics")[1].splitlines()
               if line.startswith("hikyaku_log_dropped_total{") and 'reason="limit"' in line)


def check_limit(node):
    """Each refusal is in a line or in the number of those left out."""
    node.reload(logging(f"lines_per_second = {PER_SECOND};"))
    held = [connect(node.port) for _ in range(CONNECTIONS)]
    for _ in range(REFUSED):
        try:
            smtplib.SMTP("127.0.0.1", node.port, timeout=10)
            raise AssertionError("a connection above the limit")
        except smtplib.SMTPConnectError as refusal:
            assert refusal.smtp_code == 421, refusal
    for client in held:
        client.quit()

    def told():
        return len(lines(node, "connection_refused")) + left_out(node)
    wait_until(lambda: told() == REFUSED, 10, lambda: f"{REFUSED} refusals: {told()} are told of")
    seconds = [line["ts"][:19] for line in lines(node, "connection_refused")]
    assert max(seconds.count(second) for second in seconds) <= PER_SECOND, seconds
    assert left_out(node) > 0
    wait_until(lambda: counted(node) == left_out(node), 10, lambda: f"{counted(node)} are counted, {left_out(node)} told")
    return left_out(node)


def check_mask(node, destination, ctl):
    node.reload(logging('addresses = "domain";'))
    accepted, delivered = deliver(node, destination, "ok-taro@dest.example")
    assert accepted["sender"] == "***@sender.example" and accepted["config"] == "default", accepted
    assert accepted["session_id"] and accepted["revision"], accepted
    assert delivered["rcpt"] == "***@dest.example", delivered
    assert "taro" not in str(accepted) + str(delivered)
    told = wait_until(lambda: ctl.run("trace", accepted["mail_id"])[0], 20, "its history")
    assert "ok-taro@dest.example" in told, told


def dialogue(node):
    return [(line["direction"], line["detail"]) for line in lines(node, "smtp_trace")]


def check_trace(node, destination):
    until = ahead(600)
    node.reload(logging('trace: { clients = [ "127.0.0.1" ]; destinations = [ "dest.example" ]; until = "%s"; };' % until))
    accepted, _ = deliver(node, destination, "ok-traced@dest.example")
    client = secured(node, node.certificate.client())
    assert client.docmd(plain("anna"))[0] == 535
    client.quit()
    wait_until(lambda: dialogue(node).count(("sent", "RCPT TO:<ok-traced@dest.example>")) == 1, 10, "the sender's side")
    heard = dialogue(node)
    for line in (("received", "MAIL FROM:<app@sender.example>"), ("received", "RCPT TO:<ok-traced@dest.example>"),
                 ("sent", f"250 2.0.0 Ok: queued as {accepted['mail_id']}"), ("received", "AUTH PLAIN ***")):
        assert line in heard, (line, heard)
    assert not any("Subject" in text or plain("anna")[11:] in text for _, text in heard), heard
    assert accepted["session_id"] in {line["session_id"] for line in lines(node, "smtp_trace")}
    node.reload(configuration())
    deliver(node, destination, "ok-untraced@dest.example")
    assert not any("untraced" in text for _, text in dialogue(node)), "the settings are gone"


def check_debug(node, destination):
    """On until the time that the file names, off without anybody's doing."""
    until = ahead(4)
    node.reload(logging(f'level = "info"; debug_until = "{until}";'))
    connect(node.port).quit()
    wait_until(lambda: lines(node, "disconnected"), 10, "lines of level debug")
    wait_until(lambda: ahead(0) > until, 10, "the time is over")
    count = len(lines(node, "connected"))
    deliver(node, destination, "ok-over@dest.example")
    assert len(lines(node, "connected")) == count, "debug is over"
    node.reload(logging(f'debug_until = "{ahead(90000)}";'), "refused")


def run(kind):
    destination = Destination()
    with private_folder("logs") as folder, \
            Node(kind, folder, destination, [f"listeners.[0].max_connections={CONNECTIONS}"]) as node:
        count = check_limit(node)
        check_mask(node, destination, Ctl(node.relay))
        check_trace(node, destination)
        check_debug(node, destination)
    print(f"{kind}: of {REFUSED} refusals {count} were left out, counted and told; masks, trace and debug end by themselves")


def main():
    for kind in sys.argv[1:]:
        run(kind)


if __name__ == "__main__":
    main()
