#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Large and odd mails arrive octet by octet, at everybody they are for, within the memory set for them.

  large.py embedded|cluster ..."""
import sys

from kit.cluster import Cluster, Embedded, private_folder
from kit.destination import Destination
from kit.mail import connect, content_for, transact
from kit.process import wait_until

KIB, MIB = 1024, 1024 * 1024
RETRY = ['configurations=({retry={interval="linear"; a_s=1; period_s=3600;};})']
BUDGET_MIB = 64
BUDGET = f'ingress.body_budget="{BUDGET_MIB} MiB"'
# The process takes more than its budget: its code and the log's queue, and what grows is copied.
INGRESS_MAX_KB = (BUDGET_MIB + 64) * KIB
SIZES = {"under": 128 * KIB - 1, "inline": 128 * KIB, "chunk": 128 * KIB + 1, "one-more": 900_001,
         "five": 5 * MIB, "thirty": 30 * MIB}
ODD = {
    "dots": b".\r\n..\r\n...x\r\n.leading\r\nend.\r\n" * 2000 + b".\r\n",
    "octets": bytes(octet for octet in range(256) if octet not in b"\r\n") * 3 + b"\r\n",
    "nul": b"\0\0 a line of \0 and \0\r\n" * 500,
    "long": b"x" * 5000 + b"\r\n." + b"y" * 100_000 + b"\r\n",
    "empty-lines": b"\r\n" * 5000,
    "bodyless": b"",
}


def content_of(rcpt, bytes_wanted):
    """About lines with leading dots, cut so that what goes over the wire has exactly that many octets."""
    head = content_for(rcpt, b"")
    line = b"..a line of a large mail: the quick brown fox jumps over the lazy dog\r\n"
    room = bytes_wanted - len(head)
    filler = room % len(line)
    lines = room // len(line) - 1
    wire = head + line * lines + b"z" * (len(line) + filler - 2) + b"\r\n"
    assert len(wire) == bytes_wanted
    return wire.replace(b"\r\n..", b"\r\n.")


def arrived(destination, rcpt, content, seconds=120):
    destination.wait_for(lambda d: d.to(rcpt), seconds, rcpt)
    arrivals = destination.to(rcpt)
    assert len(arrivals) == 1, f"{rcpt}: {len(arrivals)} times"
    trace = arrivals[0].content[:-len(content)]
    assert arrivals[0].content.endswith(content), f"{rcpt}: changed on its way"
    assert trace.startswith(b"Received: ") and b"\r\n\r\n" not in trace, trace


def sizes(nodes, destination):
    client = connect(nodes.smtp_ports[0], 120)
    for kind in ("ok", "grey"):  # the second is read by reference for its retry
        sent = {}
        for name, size in SIZES.items():
            rcpt = f"{kind}-{name}@dest.example"
            sent[rcpt] = content_of(rcpt, size)
            reply = transact(client, [rcpt], sent[rcpt])
            assert reply[0] == 250, f"{rcpt}: {reply}"
        for rcpt, content in sent.items():
            arrived(destination, rcpt, content)
    reply = transact(client, ["ok-too-large@dest.example"], content_of("ok-too-large@dest.example", 51 * MIB))
    assert reply[0] == 552, reply
    client.quit()


def odd(nodes, destination):
    client = connect(nodes.smtp_ports[0])
    for name, body in ODD.items():
        rcpt = f"ok-{name}@dest.example"
        content = content_for(rcpt, body)
        reply = transact(client, [rcpt], content, options=" BODY=8BITMIME")
        assert reply[0] == 250, f"{rcpt}: {reply}"
        arrived(destination, rcpt, content)
    client.quit()


def many_recipients(nodes, destination):
    """900 recipients of 300 domains, one of nine refused: a mail in one fanout record becomes 300 parcels."""
    rcpts = [f"{'gone' if number % 9 == 4 else 'ok'}-{number}@d{number % 300}.dest.example" for number in range(900)]
    content = content_for("everybody@dest.example", b"to all of you\r\n" * 20_000)
    client = connect(nodes.smtp_ports[0])
    reply = transact(client, rcpts, content, sender="busy-sender@sender.example")
    assert reply[0] == 250, reply
    client.quit()
    wanted = {rcpt for rcpt in rcpts if rcpt.startswith("ok")}
    destination.wait_for(lambda d: wanted <= {a.rcpt for a in d.arrivals}, 180, "900 recipients")
    copies = [a for a in destination.arrivals if a.rcpt in wanted]
    assert len(copies) == len(wanted), f"{len(copies)} copies for {len(wanted)} recipients"
    assert all(a.content.endswith(content) for a in copies)
    refused = {rcpt for rcpt, reply in destination.refusals if reply.startswith("550")}
    assert refused == set(rcpts) - wanted, refused ^ (set(rcpts) - wanted)


def memory(nodes, destination):
    """Bodies beyond the budget are refused with 452, not held."""
    ingress = nodes.of("ingress")[0]
    content = content_of("ok-held@dest.example", 24 * MIB)
    clients = [connect(nodes.smtp_ports[0]) for _ in range(6)]
    codes = []
    for client in clients:
        for command in ("MAIL FROM:<app@sender.example>", "RCPT TO:<ok-held@dest.example>"):
            assert client.docmd(command)[0] == 250
        assert client.docmd("DATA")[0] == 354
        client.send(content.replace(b"\r\n.", b"\r\n.."))  # and no final dot
    wait_until(lambda: ingress.metric("hikyaku_ingress_load_shed_total") >= 4, 30, "four of six are over the budget")
    for client in clients:
        client.send(b".\r\n")
        codes.append(client.getreply()[0])
        client.quit()
    destination.wait_for(lambda d: len(d.to("ok-held@dest.example")) == 2, 60, "both that had room")
    peak = ingress.process.peak_rss_kb()
    print(f"ingress: peak {peak / KIB:.0f} MB with a budget of {BUDGET_MIB} MiB; codes {codes}")
    assert sorted(codes) == [250] * 2 + [452] * 4, codes
    assert peak < INGRESS_MAX_KB, f"{peak} KB"


def embedded():
    destination = Destination()
    with private_folder("large") as folder, Embedded(folder, destination, RETRY) as node:
        for part in (sizes, odd, many_recipients):
            part(node, destination)


def cluster():
    destination = Destination()
    with private_folder("large-cluster") as folder, \
            Cluster(folder, destination, count=2, settings=[*RETRY, BUDGET]) as nodes:
        for part in (sizes, odd, many_recipients):
            part(nodes, destination)
        memory(nodes, destination)


PARTS = {part.__name__: part for part in (embedded, cluster)}


def main():
    for name in sys.argv[1:] or PARTS:
        PARTS[name]()
        print(f"large: {name}: as it should be", flush=True)


if __name__ == "__main__":
    main()
