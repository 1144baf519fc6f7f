#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Starts hikyaku beside a demonstration destination, sends three mails and tells what became of each.

The destination (one SMTP server on loopback) delivers for anyone@, greylists grey@ once with 451,
refuses gone@ with 550, and is the mailbox of the sender, where the bounce arrives.
Standard library only; scripts/run calls it."""
import argparse
import email
import email.policy
import os
import queue
import random
import shutil
import signal
import smtplib
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading
import time

WAIT_S = 60
SENDER = "shop@sender.example"


class Destination(socketserver.ThreadingTCPServer):
    """A destination that tells the demonstration of everything it answers, through `seen`."""
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Session)
        self.seen = queue.Queue()
        self.greylisted = set()
        self.lock = threading.Lock()
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def answer_rcpt(self, address):
        local = address.split("@")[0]
        if local == "gone":
            self.seen.put(("refused", address, None))
            return "550 5.1.1 No such mailbox here"
        with self.lock:
            if local == "grey" and address not in self.greylisted:
                self.greylisted.add(address)
                self.seen.put(("greylisted", address, None))
                return "451 4.7.1 Greylisted, come back in a few seconds"
        return "250 2.1.5 Ok"


class Session(socketserver.StreamRequestHandler):
    def say(self, line):
        self.wfile.write((line + "\r\n").encode())

    def data(self):
        lines = []
        for line in self.rfile:
            if line == b".\r\n":
                return b"".join(lines)
            lines.append(line[1:] if line.startswith(b"..") else line)
        raise ConnectionError

    def handle(self):
        rcpts = []
        self.say("220 destination.example ESMTP")
        for raw in self.rfile:
            line = raw.decode("latin-1").rstrip("\r\n")
            verb = line.split(" ")[0].split(":")[0].upper()
            if verb == "EHLO":
                self.say("250-destination.example")
                self.say("250-PIPELINING")
                self.say("250 8BITMIME")
            elif verb == "RCPT":
                address = line[line.index("<") + 1:line.index(">")]
                reply = self.server.answer_rcpt(address)
                if reply.startswith("250"):
                    rcpts.append(address)
                self.say(reply)
            elif verb == "DATA":
                if not rcpts:
                    self.say("554 5.5.1 No valid recipients")
                    continue
                self.say("354 Go on")
                content = self.data()
                self.say("250 2.0.0 Ok")
                for address in rcpts:
                    self.server.seen.put(("delivered", address, content))
                rcpts = []
            elif verb == "QUIT":
                self.say("221 2.0.0 Bye")
                return
            else:
                if verb in ("MAIL", "RSET"):
                    rcpts = []
                self.say("250 2.0.0 Ok")


def free_port(preferred):
    """The preferred port, or one below the range that outgoing connections draw from."""
    for port in (preferred, *random.sample(range(15000, 32000), 50)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    sys.exit("no free port on 127.0.0.1")


class Hikyaku:
    """The process under demonstration, with its own folder and log file."""

    def __init__(self, arguments, destination_port):
        self.folder = tempfile.mkdtemp(prefix="hikyaku-demonstration-")
        self.port = free_port(2525)
        self.ops_port = free_port(9090)
        self.log_path = os.path.join(self.folder, "hikyaku.log")
        settings = [
            f'log.directory="{self.folder}/log"',
            f"listeners.[0].port={self.port}",
            f'service.ops_address="127.0.0.1:{self.ops_port}"',
            f'routes.[0].hosts=["127.0.0.1:{destination_port}"]',
            'configurations=({retry={interval="linear"; a_s=3; period_s=60;};})',
        ]
        command = [arguments.program, "-c", arguments.configuration]
        for setting in settings:
            command += ["--set", setting]
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def wait_for_greeting(self):
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                sys.exit(f"hikyaku ended at start with {self.process.returncode}:\n{self.log_tail()}")
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=5) as probe:
                    if probe.recv(100).startswith(b"220"):
                        return
            except OSError:
                threading.Event().wait(0.05)
        sys.exit(f"hikyaku did not answer within {WAIT_S} s:\n{self.log_tail()}")

    def log_tail(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            return "".join(log.readlines()[-20:])

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def send(port, rcpt, subject):
    content = (f"From: Shop <{SENDER}>\r\nTo: <{rcpt}>\r\nSubject: {subject}\r\n"
               f"Message-ID: <{rcpt.split('@')[0]}@sender.example>\r\n\r\nYour order is on its way.\r\n")
    with smtplib.SMTP("127.0.0.1", port, timeout=30, local_hostname="shop.sender.example") as client:
        client.ehlo()
        for command in (f"MAIL FROM:<{SENDER}>", f"RCPT TO:<{rcpt}>"):
            code, text = client.docmd(command)
            if code != 250:
                sys.exit(f"hikyaku refused {command}: {code} {text.decode()}")
        code, text = client.data(content.encode())
    if code != 250:
        sys.exit(f"hikyaku refused the mail: {code} {text.decode()}")
    return text.decode().split()[-1]


def expect(destination, kind, address, started, hikyaku):
    """The next thing the destination sees must be this one; returns the content delivered."""
    try:
        seen_kind, seen_address, content = destination.seen.get(timeout=WAIT_S)
    except queue.Empty:
        sys.exit(f"nothing arrived within {WAIT_S} s; expected {kind} {address}\n{hikyaku.log_tail()}")
    if (seen_kind, seen_address) != (kind, address):
        sys.exit(f"expected {kind} {address}, but the destination saw {seen_kind} {seen_address}")
    print(f"      {time.monotonic() - started:5.1f} s  {kind:<10} {address}", flush=True)
    return content


def three_mails(hikyaku, destination):
    started = time.monotonic()
    print(f"      a mail to anyone@demo.example: {send(hikyaku.port, 'anyone@demo.example', 'One')}")
    expect(destination, "delivered", "anyone@demo.example", started, hikyaku)

    started = time.monotonic()
    print(f"      a mail to grey@demo.example: {send(hikyaku.port, 'grey@demo.example', 'Two')}")
    expect(destination, "greylisted", "grey@demo.example", started, hikyaku)
    expect(destination, "delivered", "grey@demo.example", started, hikyaku)

    started = time.monotonic()
    print(f"      a mail to gone@demo.example: {send(hikyaku.port, 'gone@demo.example', 'Three')}")
    expect(destination, "refused", "gone@demo.example", started, hikyaku)
    bounce = expect(destination, "delivered", SENDER, started, hikyaku)
    return bounce


def check_bounce(content):
    report = email.message_from_bytes(content, policy=email.policy.default)
    if report.get_content_type() != "multipart/report":
        sys.exit(f"the bounce is {report.get_content_type()}, not multipart/report")
    status = [part for part in report.walk() if part.get_content_type() == "message/delivery-status"]
    if not status or b"gone@demo.example" not in content or b"5.1.1" not in content:
        sys.exit("the bounce does not name the recipient and the reply")


def more(hikyaku):
    print(f"""
hikyaku is running. Send more, from another terminal (grey@ is greylisted, gone@ bounces, the rest is delivered):
  swaks --server 127.0.0.1 --port {hikyaku.port} --from {SENDER} --to you@demo.example
  python3 -c 'import smtplib; smtplib.SMTP("127.0.0.1", {hikyaku.port}).sendmail("{SENDER}", ["you@demo.example"], "Subject: Hi\\n\\nHi.")'
Metrics:  http://127.0.0.1:{hikyaku.ops_port}/metrics
Log:      {hikyaku.log_path}
Ctrl-C ends it.""", flush=True)


def stay(hikyaku, destination):
    more(hikyaku)
    while hikyaku.process.poll() is None:
        try:
            kind, address, _ = destination.seen.get(timeout=1)
            print(f"  destination: {kind} {address}", flush=True)
        except queue.Empty:
            continue
    sys.exit(f"hikyaku ended with {hikyaku.process.returncode}:\n{hikyaku.log_tail()}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True)
    parser.add_argument("--configuration", required=True)
    parser.add_argument("--once", action="store_true", help="end after the three mails")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

    destination = Destination()
    print("[3/4] hikyaku (four roles, embedded log, private redis-server) and a destination", flush=True)
    hikyaku = Hikyaku(arguments, destination.port)
    try:
        hikyaku.wait_for_greeting()
        print("[4/4] three mails", flush=True)
        bounce = three_mails(hikyaku, destination)
        check_bounce(bounce)
        print("\nThe bounce, as it arrived in the mailbox of the sender:\n")
        print("  | " + bounce.decode("utf-8", "replace").replace("\r\n", "\n  | "))
        print("\nAll three went as described: delivered, delivered by a retry, bounced.", flush=True)
        if not arguments.once:
            stay(hikyaku, destination)
    except KeyboardInterrupt:
        print("\nending")
    finally:
        hikyaku.end()
        destination.shutdown()


if __name__ == "__main__":
    main()
