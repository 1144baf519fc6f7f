#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Hostile and hurried clients on raw sockets (docs/smtp.md: I1 I3 I5 I9 I12 I15 I16 I17 I21 I40 and the
end-of-data battery). What counts in the end is what the destination got.

  wire.py battery|lines|bursts|sizes|networks|shutdown|deadline|silence|deaf|crowd ..."""
import contextlib
import re
import resource
import select
import socket
import sys

from kit.cluster import Embedded, private_folder
from kit.destination import Destination
from kit.mail import submit
from kit.process import wait_until

MANY_ERRORS = "ingress.max_errors=1000"
REPLY_LINE = re.compile(rb"([2-5]\d\d)([ -])([ -~]*)\r\n")
ENHANCED = re.compile(rb"([245])\.\d{1,3}\.\d{1,3}( |$)")
MIB = 1024 * 1024
FLAT_KB = 4 * 1024  # of memory is no growth


class Wire:
    """A client that sends octets and takes replies apart. Every reply is checked against I9 and I25."""

    def __init__(self, port, source="127.0.0.1", ehlo=True):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30, source_address=(source, 0))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.lines = self.socket.makefile("rb")
        self.port = port
        self.greeting = self.reply(has_enhanced=False)
        if ehlo:
            assert self.ask(b"EHLO wire.example\r\n", has_enhanced=False) == b"250"

    def reply(self, has_enhanced=True):
        """The code and, where there is one, the enhanced code: b"550 5.5.2"."""
        codes = set()
        while True:
            line = self.lines.readline()
            match = REPLY_LINE.fullmatch(line)
            assert match, f"no line of a reply: {line}"
            code, mark, text = match.groups()
            enhanced = ENHANCED.match(text)
            assert bool(enhanced) == (has_enhanced and not code.startswith(b"3")), line
            assert not enhanced or enhanced.group(1) == code[:1], line
            codes.add(code + b" " + text.split(b" ")[0] if enhanced else code)
            if mark == b" ":
                assert len(codes) == 1, f"lines of one reply differ: {codes}"
                return codes.pop()

    def send(self, octets):
        self.socket.sendall(octets)

    def ask(self, octets, has_enhanced=True):
        self.send(octets)
        return self.reply(has_enhanced)

    def is_silent(self, seconds=0.2):
        return not select.select([self.socket], [], [], seconds)[0]

    def is_closed(self):
        """By FIN, with nothing more said; a reset would raise."""
        return self.lines.read() == b""

    def wait_taken(self):
        """Until the server has read what was sent: then what follows is another packet for it."""
        own = f"0100007F:{self.socket.getsockname()[1]:04X}"
        server = f"0100007F:{self.port:04X}"

        def is_taken():
            with open("/proc/net/tcp", encoding="ascii") as table:
                rows = [line.split() for line in table]
            queue = [row[4].split(":")[1] for row in rows if row[1] == server and row[2] == own]
            return queue == ["00000000"]
        wait_until(is_taken, 10, "the server reads")

    def open_data(self, rcpt, sender="wire@sender.example"):
        assert self.ask(f"MAIL FROM:<{sender}>\r\n".encode()) == b"250 2.1.0"
        assert self.ask(f"RCPT TO:<{rcpt}>\r\n".encode()) == b"250 2.1.5"
        assert self.ask(b"DATA\r\n") == b"354"

    def in_step(self):
        assert self.ask(b"NOOP\r\n") == b"250 2.0.0", "the session is out of step"

    def quit(self):
        assert self.ask(b"QUIT\r\n") == b"221 2.0.0"
        assert self.is_closed()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.lines.close()
        self.socket.close()


@contextlib.contextmanager
def running(settings=()):
    destination = Destination()
    with private_folder("wire") as folder, Embedded(folder, destination, settings) as node:
        yield node, destination


def accepted(node):
    return node.service.metric("hikyaku_ingress_recipients_total")


def expect_only(node, destination, wanted):
    """Everything accepted has arrived, and nothing else."""
    assert accepted(node) == len(wanted), f"{accepted(node)} recipients accepted, not {len(wanted)}"
    destination.wait_for(lambda d: len(d.arrivals) >= len(wanted), 60, f"{len(wanted)} arrivals")
    assert sorted(a.rcpt for a in destination.arrivals) == sorted(wanted)


# --- the end-of-data battery ---

BATTERY = [
    b"\n.\n", b"\n.\r\n", b"\n.\r", b"\n.\r\r\n", b"\n\n.\r\n", b"\n\n.\n",                      # LF before
    b"\r.\r", b"\r.\r\n", b"\r.\n", b"\r\r.\r\n", b"\r\r\n.\r\r\n",                              # CR before
    b"\r\n.\n", b"\r\n.\r", b"\r\n.\n\n", b"\r\n.\r\r\n",                                        # LF or CR after
    b"\r\n\0.\r\n", b"\r\n.\0\r\n", b"\r\n\0.\n", b"\r\n.\r\0\n",                                # NUL
]
AT_START = [b".\n", b".\r", b".\r\r\n"]
BODY = b"Subject: first\r\n\r\nbody"
SMUGGLED = (b"MAIL FROM:<smuggled@evil.example>\r\nRCPT TO:<ok-smuggled@dest.example>\r\nDATA\r\n"
            b"Subject: smuggled\r\n\r\nsmuggled\r\n.\r\n")


def smuggle(wire, before, sequence, cut):
    """One refusal at the real end of data, and nothing that was hidden in it is carried out."""
    wire.open_data("ok-first@dest.example")
    if cut is not None:
        wire.send(before + sequence[:cut])
        wire.wait_taken()
        before, sequence = b"", sequence[cut:]
    assert wire.ask(before + sequence + SMUGGLED) == b"550 5.5.2", (before, sequence, cut)
    wire.in_step()


def two_mails(wire, cut):
    """The control: a true end of data, after which the same octets are a second mail."""
    wire.open_data("ok-first@dest.example")
    end = b"\r\n.\r\n"
    wire.send(BODY + end[:cut])
    wire.wait_taken()
    wire.send(end[cut:] + SMUGGLED)
    replies = [wire.reply() for _ in range(5)]
    assert replies == [b"250 2.0.0", b"250 2.1.0", b"250 2.1.5", b"354", b"250 2.0.0"], (cut, replies)
    wire.in_step()


def battery():
    with running() as (node, destination), Wire(node.smtp_port) as wire:
        cases = [(BODY, sequence) for sequence in BATTERY] + [(b"", sequence) for sequence in AT_START]
        for before, sequence in cases:
            for cut in (None, *range(len(sequence) + 1)):
                smuggle(wire, before, sequence, cut)
        expect_only(node, destination, [])
        for cut in range(6):
            two_mails(wire, cut)
        wire.quit()
        expect_only(node, destination, ["ok-first@dest.example", "ok-smuggled@dest.example"] * 6)
        for arrival in destination.arrivals:
            assert b"\n" not in arrival.content.replace(b"\r\n", b"")


# --- lines ---

def lines():
    """I1, I3, I5, I7: what is no command line is not acted on, and the connection lives on."""
    with running([MANY_ERRORS]) as (node, destination), Wire(node.smtp_port) as wire:
        for command in (b"NOOP\n", b"MAIL FROM:<a@evil.example>\n", b"QUIT\n"):
            assert wire.ask(command) == b"500 5.5.2"
            assert wire.ask(b"\r\nNOOP\r\n") == b"250 2.0.0", "the refused line ends at its CRLF"
        assert wire.ask(b"RCPT TO:<ok@dest.example>\r\n") == b"503 5.5.1", "MAIL + LF was carried out"
        for half in (b"NOO", b"NOOP", b"NOOP\r"):
            wire.send(half)
            wire.wait_taken()
            assert wire.is_silent(), f"{half} was answered"
            assert wire.ask(b"NOOP\r\n"[len(half):]) == b"250 2.0.0"
        for octet in b"NOOP\r\n":
            wire.send(bytes([octet]))
            wire.wait_taken()
        assert wire.reply() == b"250 2.0.0"
        for octet in [*range(9), 11, 12, *range(14, 32), 127]:
            control = bytes([octet])
            assert wire.ask(b"NOOP " + control + b"\r\n") == b"500 5.5.2", control
            assert wire.ask(b"MAIL FROM:<a" + control + b"@evil.example>\r\n") == b"500 5.5.2", control
        wire.in_step()
        for length in (2049, 65536, 5 * MIB):
            wire.send(b"NOOP " + b"x" * (length - 5))
            assert wire.ask(b"\r\n") == b"500 5.5.2", length
            wire.in_step()
        assert wire.ask(b"NOOP " + b"x" * 2000 + b"\r\n") == b"250 2.0.0"
        wire.quit()
        expect_only(node, destination, [])


# --- bursts ---

TURN = ((b"NOOP", b"250 2.0.0"), (b"MAIL FROM:<a@sender.example>", b"250 2.1.0"), (b"VRFY ok", b"252 2.5.0"),
        (b"RCPT TO:<ok@dest.example>", b"250 2.1.5"), (b"MAIL FROM:<b@sender.example>", b"503 5.5.1"),
        (b"RSET", b"250 2.0.0"), (b"RCPT TO:<ok@dest.example>", b"503 5.5.1"), (b"DATA", b"503 5.5.1"),
        (b"NONSENSE", b"500 5.5.1"), (b"HELP", b"214 2.0.0"))


def bursts():
    """I16, I17: replies in order, whatever comes at once."""
    with running([MANY_ERRORS]) as (node, destination), Wire(node.smtp_port) as wire:
        wire.send(b"".join(command + b"\r\n" for command, _ in TURN) * 100)
        for number in range(1000):
            command, wanted = TURN[number % len(TURN)]
            got = wire.reply()
            assert got == wanted, f"command {number}, {command}: {got}"
        wire.in_step()
        expect_only(node, destination, [])
        rcpts = [f"ok-{number}@dest.example" for number in range(200)]
        wire.send(b"".join(b"MAIL FROM:<a@sender.example>\r\nRCPT TO:<%s>\r\nDATA\r\nSubject: x\r\n\r\nx\r\n.\r\n"
                           % rcpt.encode() for rcpt in rcpts) + b"QUIT\r\n")
        for rcpt in rcpts:
            replies = [wire.reply() for _ in range(4)]
            assert replies == [b"250 2.1.0", b"250 2.1.5", b"354", b"250 2.0.0"], (rcpt, replies)
        assert wire.reply() == b"221 2.0.0"
        assert wire.is_closed()
        with Wire(node.smtp_port) as other:
            other.send(b"MAIL FROM:<a@sender.example>\r\nRCPT TO:<no address>\r\nDATA\r\nQUIT\r\n")
            replies = [other.reply() for _ in range(4)]
            assert replies == [b"250 2.1.0", b"501 5.1.3", b"503 5.5.1", b"221 2.0.0"], replies
        expect_only(node, destination, rcpts)


# --- SIZE ---

def sizes():
    """I21: what SIZE says refuses early and decides nothing else."""
    settings = ['ingress.max_size="2 MiB"', 'ingress.body_budget="1 MiB"']
    with running(settings) as (node, destination), Wire(node.smtp_port) as wire:
        assert wire.ask(b"MAIL FROM:<a@sender.example> SIZE=2097153\r\n") == b"552 5.3.4"
        assert wire.ask(b"MAIL FROM:<a@sender.example> SIZE=1048577\r\n") == b"452 4.3.1"
        for bad in (b"-1", b"1x", b"", b"99999999999999999999", b"18446744073709551616"):
            assert wire.ask(b"MAIL FROM:<a@sender.example> SIZE=" + bad + b"\r\n") == b"501 5.5.4", bad
        for told, octets, wanted in ((10, 5000, b"250 2.0.0"), (1_000_000, 10, b"250 2.0.0"),
                                     (10, MIB + 1000, b"452 4.3.1"), (10, 2 * MIB + 1, b"552 5.3.4")):
            assert wire.ask(b"MAIL FROM:<a@sender.example> SIZE=%d\r\n" % told) == b"250 2.1.0"
            assert wire.ask(b"RCPT TO:<ok-size@dest.example>\r\nDATA\r\n") == b"250 2.1.5"
            assert wire.reply() == b"354"
            assert wire.ask(b"\r\n" + b"x" * octets + b"\r\n.\r\n") == wanted, (told, octets)
            wire.in_step()
        wire.quit()
        expect_only(node, destination, ["ok-size@dest.example"] * 2)


# --- who may send ---

def networks():
    """I15: nothing is relayed for a network that is not named, in whatever syntax it asks."""
    with running(['listeners.[0].networks=["127.0.0.1/32"]']) as (node, destination):
        for address in (b"ok@dest.example", b"ok%dest.example@relay.example.com", b"dest.example!ok@relay.example.com",
                        b"@relay.example.com:ok@dest.example", b'"ok@dest.example"@relay.example.com', b"postmaster"):
            with Wire(node.smtp_port, source="127.0.0.2", ehlo=False) as wire:
                assert wire.greeting == b"554"
                with contextlib.suppress(OSError):
                    wire.send(b"EHLO x\r\nMAIL FROM:<postmaster@relay.example.com>\r\nRCPT TO:<" + address
                              + b">\r\nDATA\r\n.\r\n")
                    assert wire.is_closed()
        with Wire(node.smtp_port) as wire:
            assert wire.greeting == b"220"
        expect_only(node, destination, [])


# --- clients that end their side ---

MAIL = b"MAIL FROM:<wire@sender.example>\r\nRCPT TO:<ok-ended@dest.example>\r\nDATA\r\n"
TAKEN = [b"250 2.1.0", b"250 2.1.5", b"354", b"250 2.0.0"]


def ended():
    """I42: a client that ends its side behind its mail (Exim does, behind QUIT) hears what became of it."""
    with running() as (node, destination):
        for behind, replies in ((b"", []), (b"QUIT\r\n", [b"221 2.0.0"]),
                                (MAIL + BODY + b"\r\n.\r\nQUIT\r\n", [*TAKEN, b"221 2.0.0"]), (MAIL + BODY, TAKEN[:3])):
            with Wire(node.smtp_port) as wire:
                wire.open_data("ok-ended@dest.example")
                wire.send(BODY + b"\r\n.\r\n" + behind)
                wire.socket.shutdown(socket.SHUT_WR)
                for reply in (b"250 2.0.0", *replies):
                    assert wire.reply() == reply, behind
                assert wire.is_closed(), behind
        with Wire(node.smtp_port) as wire:
            wire.open_data("ok-unfinished@dest.example")
            wire.send(BODY)
            wire.socket.shutdown(socket.SHUT_WR)
            assert wire.is_closed(), "half a mail is nothing"
        expect_only(node, destination, ["ok-ended@dest.example"] * 5)


# --- SIGTERM ---

def shutdown():
    """I12: the mail in progress is finished, then 421 4.3.2 and FIN; the mail is not lost."""
    destination = Destination()
    with private_folder("wire-shutdown") as folder:
        with Embedded(folder, destination) as node, Wire(node.smtp_port) as busy, Wire(node.smtp_port) as idle:
            busy.open_data("ok-last@dest.example")
            busy.send(b"Subject: last\r\n\r\nfirst half\r\n")
            busy.wait_taken()
            node.service.process.signal(15)
            assert idle.reply() == b"421 4.3.2"
            assert idle.is_closed()
            assert busy.is_silent(), "the mail in progress was cut off"
            assert busy.ask(b"second half\r\n.\r\n") == b"250 2.0.0"
            assert busy.reply() == b"421 4.3.2"
            assert busy.is_closed()
            assert node.service.process.wait(60) == 0
        with Embedded(folder, destination):
            destination.wait_for(lambda d: d.to("ok-last@dest.example"), 30, "the last mail")
    assert len(destination.arrivals) == 1
    assert destination.arrivals[0].content.endswith(b"first half\r\nsecond half\r\n")


def deadline():
    """A mail that never ends does not hold up the end: 421 to its client, exit 0."""
    with private_folder("wire-deadline") as folder, Embedded(folder, Destination(), ["service.drain_s=1"]) as node, \
            Wire(node.smtp_port) as busy, Wire(node.smtp_port) as half:
        half.send(b"NOO")
        busy.open_data("ok-never@dest.example")
        busy.send(BODY)
        busy.wait_taken()
        node.service.process.signal(15)
        assert half.reply() == b"421 4.3.2"
        assert busy.reply() == b"421 4.3.2"
        assert busy.is_closed()
        assert node.service.process.wait(10) == 0


# --- clients that stop ---

def silence():
    """I39: wherever a client falls silent, it is told so and let go."""
    with running(["ingress.idle_timeout_ms=1000"]) as (node, destination):
        idle, half, halfway, pipelined = (Wire(node.smtp_port) for _ in range(4))
        half.send(b"NOO")
        for wire in (halfway, pipelined):
            wire.open_data("ok@dest.example")
            wire.send(BODY)
            wire.wait_taken()
        pipelined.send(b"\r\n.\r\nMAIL FROM:<a@sender.example>\r\nRCPT TO:<ok@dest.example>\r\nDATA\r\nhalf a mail")
        replies = [pipelined.reply() for _ in range(4)]
        assert replies == [b"250 2.0.0", b"250 2.1.0", b"250 2.1.5", b"354"], replies
        for wire in (idle, half, halfway, pipelined):
            assert wire.reply().startswith(b"421 4."), "a silent client is kept"
            assert wire.is_closed()
        expect_only(node, destination, ["ok@dest.example"])


DEAF_MAX = 64 * MIB


def deaf():
    """I40: a client that sends and does not read is not read from, either; nothing is lost."""
    command = b"HELP\r\n"
    with running() as (node, _), Wire(node.smtp_port) as wire:
        before = node.service.process.rss_kb()
        sent = 0
        while select.select([], [wire.socket], [], 2)[1]:
            sent += wire.socket.send((command * 2000)[sent % len(command):], socket.MSG_DONTWAIT)
            assert sent < DEAF_MAX, "the server takes commands without end"
        grown = node.service.process.rss_kb() - before
        assert grown < FLAT_KB, f"a client that does not read takes {grown} KB"
        for _ in range(sent // len(command)):
            line = wire.lines.readline()
            assert line == b"214 2.0.0 See RFC 5321\r\n", line
        if sent % len(command):
            assert wire.ask(command[sent % len(command):]) == b"214 2.0.0"
        wire.quit()


# --- a crowd ---

CROWD = 10_000
EACH_MAX_KB = 16


def gather(node, count):
    """Idle clients; with each, half a command."""
    crowd = [Wire(node.smtp_port) for _ in range(count)]
    for wire in crowd:
        wire.send(b"MAIL FROM:<hal")
    wait_until(lambda: node.service.metric("hikyaku_ingress_connections") == count, 60, f"{count} connections")
    return crowd


def disperse(node, crowd):
    for wire in crowd:
        wire.__exit__()
    wait_until(lambda: node.service.metric("hikyaku_ingress_connections") == 0, 60, "all are gone")


def crowd():
    """I40: memory stays flat under a crowd, what it floods us with, and the next crowd."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    count = min(CROWD, hard - 1000)
    limits = [f"ingress.max_connections={count + 10}", f"listeners.[0].max_connections={count + 10}"]
    with running([*limits, MANY_ERRORS]) as (node, destination):
        process = node.service.process
        before = process.rss_kb()
        clients = gather(node, count)
        full = process.rss_kb()
        print(f"{count} idle clients: {(full - before) / count:.1f} KB each")
        assert full - before < count * EACH_MAX_KB
        for wire in clients[:20]:
            wire.send(b"x" * MIB)  # no line end
            wire.wait_taken()
        submit(node.smtp_port, "ok-crowd@dest.example")
        destination.wait_for(lambda d: d.to("ok-crowd@dest.example"), 30, "an honest client is served")
        assert process.rss_kb() - full < FLAT_KB, f"a flood takes {process.rss_kb() - full} KB"
        disperse(node, clients)
        clients = gather(node, count)
        assert process.rss_kb() - full < FLAT_KB, f"a second crowd takes {process.rss_kb() - full} KB more"
        disperse(node, clients)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


PARTS = {part.__name__: part for part in (battery, lines, bursts, sizes, networks, ended, shutdown, deadline, silence,
                                          deaf, crowd)}


def main():
    for name in sys.argv[1:] or PARTS:
        PARTS[name]()
        print(f"wire: {name}: as it should be", flush=True)


if __name__ == "__main__":
    main()
