#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What goes wrong in practice: each fault must be named, contained, and over when its cause is over.

  bad_input.py [settings|port|kafka|redis|full|index|poison ...]"""
import pathlib
import re
import smtplib
import socket
import subprocess
import sys

from kit.cluster import Cluster, Embedded, PROJECT, build_folder, private_folder
from kit.destination import Destination
from kit.ports import free_port
from kit.process import wait_until

SENDER = "app@sender.example"
RETRY = ['configurations=({retry={interval="linear"; a_s=1; period_s=600;};})', "scheduler.rebuild_grace_ms=1000"]


def submit(port, rcpt, size=100):
    """The code of the first reply that is no 2xx or 3xx, or 250."""
    with smtplib.SMTP("127.0.0.1", port, timeout=60, local_hostname="app.sender.example") as client:
        client.ehlo()
        for command in (f"MAIL FROM:<{SENDER}>", f"RCPT TO:<{rcpt}>"):
            code, _ = client.docmd(command)
            if code != 250:
                return code
        body = "x" * 70 + "\r\n"
        return client.data(f"Subject: bad input\r\n\r\n{body * (size // 72 + 1)}")[0]


def refused(program, arguments, status, pattern):
    run = subprocess.run([str(build_folder() / program), *arguments], capture_output=True, text=True, timeout=30)
    output = run.stdout + run.stderr
    assert run.returncode == status, f"{program} {arguments}: exit {run.returncode}, not {status}: {output}"
    assert re.search(pattern, output), f"{program} {arguments}: {output!r} does not match {pattern!r}"


def settings():
    with private_folder("settings") as folder:
        path = pathlib.Path(folder) / "bad.conf"
        for text, pattern in (
                ('ingres: { hostname = "a"; };', r"bad\.conf:1: .*ingres\b.*ingress"),
                ('ingress: {\n  hostnam = "a"; };', r"bad\.conf:2: .*hostnam\b"),
                ('ingress: {\n\n  max_recipients = "many"; };', r"bad\.conf:3: .*max_recipients"),
                ("ingress: { max_recipients = 1000000; };", r"bad\.conf:1: .*1000000.*1000\b"),
                ('configurations = ( { retry: { interval = "sometimes"; }; } );', r"bad\.conf:1: .*sometimes.*linear"),
                ('configurations = ( { retry: { interval = "linear"; a_s = 90000; period_s = 86400; }; } );',
                  r"bad\.conf:1: .*a.*86400"),
                ('listeners: ( { networks = ["10.0.0.1/8"]; } );', r"bad\.conf:1: .*10\.0\.0\.1/8"),
                ('listeners: ( { certificate = "a.pem"; } );', r"bad\.conf:1: .*key"),
                ("ingress: { = ; };", r"bad\.conf:1: ")):
            path.write_text(text + "\n")
            refused("hikyaku", ["-c", str(path)], 2, pattern)
        path.write_text('ingress: { hostnam = "a"; };\nsender: { hostnam = "a"; };\n')
        refused("hikyaku", ["-c", str(path)], 2, r"bad\.conf:1: [^\n]*\n(.*\n)*.*bad\.conf:2: ")
        refused("hikyaku", ["-c", str(path) + ".missing"], 2, r"bad\.conf\.missing")
        refused("hikyaku", ["-c", str(PROJECT / "examples/embedded.conf"), "--set", "ingress.max_errors=0"], 2,
                r"max_errors")
        refused("hikyaku", ["-c", str(PROJECT / "examples/embedded.conf"), "--set", f'log.directory="{folder}/log"',
                            "--set", 'service.ops_address=""', "--set", "redis.username=mail"], 1, r"a Redis of your own")
        refused("hikyaku", ["--no-such-flag"], 2, r"no-such-flag")
        refused("hikyaku", ["-c", str(PROJECT / "examples/embedded.conf"), "--check-config"], 0, "")
        for role in ("ingress", "scheduler", "sender", "bouncer"):
            refused(f"hikyaku-{role}", ["-c", str(PROJECT / "examples/cluster.conf"), "--check-config"], 0, "")


def port():
    with private_folder("port") as folder, socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        base = ["-c", str(PROJECT / "examples/embedded.conf"), "--set", f'log.directory="{folder}/log"']
        refused("hikyaku", [*base, "--set", f"listeners.[0].port={number}", "--set",
                            f'service.ops_address="127.0.0.1:{free_port()}"'], 1, rf"127\.0\.0\.1:{number}")
        refused("hikyaku", [*base, "--set", f"listeners.[0].port={free_port()}", "--set",
                            f'service.ops_address="127.0.0.1:{number}"'], 1, rf"127\.0\.0\.1:{number}")


def kafka():
    """Away at start, then away later: not ready, 451, back in seconds, nothing lost."""
    destination = Destination()
    with private_folder("kafka-away") as folder, \
            Cluster(folder, destination, count=1, settings=[*RETRY, "log.publish_timeout_ms=5000"]) as nodes:
        ingress = nodes.of("ingress")[0]
        smtp_port = nodes.smtp_ports[0]
        nodes.broker.kill()
        ingress.process.stop()
        ingress.start()
        wait_until(lambda: ingress.get("/livez")[0] == 200, 30, "the ingress is alive without Kafka")
        assert not ingress.is_ready(), "ready without Kafka"
        assert submit(smtp_port, "ok-early@dest.example") == 451, "a mail was taken without Kafka"
        nodes.broker.start()
        ingress.wait_ready(30)
        assert submit(smtp_port, "ok-1@dest.example") == 250
        destination.wait_for(lambda d: d.to("ok-1@dest.example"), 60, "delivered after Kafka came")
        nodes.broker.kill()
        assert submit(smtp_port, "ok-2@dest.example") == 451, "a mail was taken while Kafka is away"
        nodes.broker.start()
        wait_until(lambda: submit(smtp_port, "ok-3@dest.example") == 250, 30, "250 again after Kafka came back")
        destination.wait_for(lambda d: d.to("ok-3@dest.example"), 60, "delivered after Kafka came back")
        assert not destination.to("ok-early@dest.example")


def redis():
    """Away: mail is accepted, first attempts are delivered, retries wait until it is back."""
    destination = Destination()
    with private_folder("redis-away") as folder, Cluster(folder, destination, count=1, settings=RETRY) as nodes:
        nodes.redis.kill()
        assert submit(nodes.smtp_ports[0], "ok-1@dest.example") == 250
        destination.wait_for(lambda d: d.to("ok-1@dest.example"), 30, "a first attempt without Redis")
        assert submit(nodes.smtp_ports[0], "grey-1@dest.example") == 250
        destination.wait_for(lambda d: d.refusals, 30, "the greylisting")
        sender = nodes.of("sender")[0]
        wait_until(lambda: sender.metric("hikyaku_sender_attempts_total") >= 2, 30, "the deferral is counted")
        nodes.redis.start()
        destination.wait_for(lambda d: d.to("grey-1@dest.example"), 60, "the retry after Redis came back")


def full():
    """The embedded log is full: 452, and what is inside is still delivered."""
    destination = Destination()
    with private_folder("full") as folder, \
            Embedded(folder, destination, [*RETRY, 'log.map_size="16 MiB"']) as node:
        assert submit(node.smtp_port, "grey-1@dest.example") == 250
        codes = [submit(node.smtp_port, f"ok-{number}@dest.example", 100_000) for number in range(250)]
        assert 452 in codes, f"never refused: {set(codes)}"
        first = codes.index(452)
        assert set(codes[:first]) == {250} and set(codes[first:]) == {452}, codes
        destination.wait_for(lambda d: len({a.rcpt for a in d.arrivals}) == first + 1, 60,
                             "every accepted mail arrives, the retry included, although the log is full")
        assert submit(node.smtp_port, "ok-late@dest.example") == 452


def index():
    """The private Redis cannot read its own file any more: it begins anew, and the log fills it."""
    destination = Destination()
    with private_folder("index") as folder, Embedded(folder, destination, RETRY) as node:
        assert submit(node.smtp_port, "busy-1@dest.example") == 250
        destination.wait_for(lambda d: len(d.refusals) >= 3, 30, "retries")
        assert node.service.process.stop() == 0
        files = list(pathlib.Path(node.directory, "redis-append").iterdir())
        assert files, "the private Redis keeps no append-only file"
        for file in files:
            file.write_bytes(b"\xff garbage \x00" * 100)
        refused_before = len(destination.refusals)
        node.service.start().wait_ready(60)
        destination.wait_for(lambda d: len(d.refusals) > refused_before, 60, "the next attempt")


def kcat(broker, *arguments, given=b""):
    return subprocess.run(["kcat", "-b", broker, *arguments], input=given, capture_output=True, timeout=60,
                          check=True).stdout


def poison():
    """A record that nobody understands, on every topic a service reads: to `dead`, and on."""
    destination = Destination()
    with private_folder("poison") as folder, Cluster(folder, destination, count=1, settings=RETRY) as nodes:
        broker = nodes.broker.address
        for topic in ("work", "timer", "failure"):
            for partition in range(4):
                kcat(broker, "-P", "-t", f"hikyaku.{topic}", "-p", str(partition), "-k", "poison",
                     given=b"\x01\xff\xff\xff\xffpoison for " + topic.encode())
        def dead():
            return kcat(broker, "-C", "-t", "hikyaku.dead", "-e", "-q", "-o", "beginning", "-f", "%s\\n--\\n")
        wait_until(lambda: dead().count(b"poison for ") == 12, 60, "twelve records on dead")
        for topic in (b"work", b"timer", b"failure"):
            assert topic in dead()
        for rcpt in ("ok-1@dest.example", "grey-1@dest.example"):
            assert submit(nodes.smtp_ports[0], rcpt) == 250
            destination.wait_for(lambda d, r=rcpt: d.to(r), 60, f"{rcpt} after the poison")
        assert submit(nodes.smtp_ports[0], "gone-1@dest.example") == 250
        destination.wait_for(lambda d: d.to(SENDER), 60, "the bounce after the poison")
        for service in nodes.services.values():
            assert service.process.is_running(), f"{service.name} ended"


PARTS = {part.__name__: part for part in (settings, port, kafka, redis, full, index, poison)}


def main():
    for name in sys.argv[1:] or PARTS:
        PARTS[name]()
        print(f"bad input: {name}: as it should be", flush=True)


if __name__ == "__main__":
    main()
