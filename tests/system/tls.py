#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""STARTTLS on both hops, what must not happen around it, and certificates that are replaced.

  tls.py both|injected|ended|required|fallback|rotated ..."""
import contextlib
import os
import shutil
import smtplib
import socket
import ssl
import sys
import threading
import time

from kit.certificate import Certificate
from kit.cluster import Embedded, private_folder
from kit.destination import Destination
from kit.mail import content_for, connect, submit, transact
from kit.process import wait_until

RETRY = ['configurations=({retry={interval="linear"; a_s=1; period_s=600;};})']


def listener(certificate):
    return [f'listeners.[0].certificate="{certificate.path}"', f'listeners.[0].key="{certificate.key}"']


def both():
    """In and out over TLS; after the handshake nothing is remembered."""
    with private_folder("tls") as folder:
        certificate = Certificate(folder)
        destination = Destination(tls=certificate.server())
        with Embedded(folder, destination, [*RETRY, *listener(certificate)]) as node:
            client = connect(node.smtp_port)
            assert client.has_extn("starttls"), client.esmtp_features
            assert client.docmd("MAIL FROM:<before@tls.example>")[0] == 250
            assert client.docmd("STARTTLS")[0] == 503, "within a transaction"
            client.rset()
            assert client.starttls(context=certificate.client())[0] == 220
            assert client.docmd("RCPT TO:<ok-0@dest.example>")[0] == 503
            client.ehlo()
            assert not client.has_extn("starttls"), "STARTTLS is offered within TLS"
            assert client.docmd("STARTTLS")[0] in (502, 503)
            for number in (1, 2):
                rcpt = f"ok-{number}@dest.example"
                assert transact(client, [rcpt], content_for(rcpt, b"x" * 900 + b"\r\n"))[0] == 250
                destination.wait_for(lambda d, r=rcpt: d.to(r), 30, rcpt)
            client.quit()
            assert {a.tls for a in destination.arrivals} <= {"TLSv1.2", "TLSv1.3"}, destination.arrivals
            assert node.service.metric("hikyaku_ingress_tls_handshakes_total") == 1, "counted before the 250"
            submit(node.smtp_port, "ok-clear@dest.example")
            destination.wait_for(lambda d: d.to("ok-clear@dest.example"), 30, "STARTTLS is no must for clients")
            large = content_for("ok-3@dest.example", b"a line of a large mail\r\n" * 200_000)
            submit(node.smtp_port, "ok-3@dest.example", large)
            destination.wait_for(lambda d: d.to("ok-3@dest.example"), 60, "4 MB over TLS")
            assert destination.to("ok-3@dest.example")[0].content.endswith(large)


def octets_until_closed(connection):
    received = b""
    try:
        while octets := connection.recv(4096):
            received += octets
    except OSError:
        pass
    return received


def injected():
    """Octets behind STARTTLS, in either direction, are never taken for what came over TLS."""
    with private_folder("tls-injected") as folder:
        certificate = Certificate(folder)
        destination = Destination()
        with Embedded(folder, destination, [*RETRY, *listener(certificate)]) as node:
            with socket.create_connection(("127.0.0.1", node.smtp_port), timeout=30) as client:
                client.recv(1024)
                client.sendall(b"EHLO evil.example\r\n")
                client.recv(4096)
                client.sendall(b"STARTTLS\r\nMAIL FROM:<evil@evil.example>\r\nRCPT TO:<ok-evil@dest.example>\r\n")
                received = octets_until_closed(client)
            assert received.count(b"\r\n") <= 1 and b"250" not in received, received
            with socket.create_connection(("127.0.0.1", node.smtp_port), timeout=30) as client:
                client.recv(1024)
                client.sendall(b"EHLO evil.example\r\n")
                client.recv(4096)
                client.sendall(b"STARTTLS\r\n")
                assert client.recv(1024).startswith(b"220")
                client.sendall(b"MAIL FROM:<evil@evil.example>\r\n")  # no handshake
                assert b"250" not in octets_until_closed(client)
            submit(node.smtp_port, "ok-good@dest.example")
            destination.wait_for(lambda d: d.to("ok-good@dest.example"), 30, "the next client is served")
            assert {a.rcpt for a in destination.arrivals} == {"ok-good@dest.example"}


class HalfClosing:
    """A client that ends its side of TLS, and of TCP, while it reads on: ssl.SSLSocket can not."""

    def __init__(self, port, context):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname="localhost")
        self.heard = b""

    def flush(self):
        if self.outgoing.pending:
            self.socket.sendall(self.outgoing.read())

    def go_on(self, step):
        """Until that succeeds, with what the server sends."""
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                self.flush()
                octets = self.socket.recv(4096)
                self.incoming.write(octets) if octets else self.incoming.write_eof()

    def wait_for(self, line):
        while line not in self.heard:
            octets = self.go_on(lambda: self.tls.read(4096))
            assert octets, f"closed before {line}: {self.heard}"
            self.heard += octets

    def say(self, octets):
        self.tls.write(octets)
        self.flush()

    def end(self):
        with contextlib.suppress(ssl.SSLWantReadError):
            self.tls.unwrap()
        self.flush()
        self.socket.shutdown(socket.SHUT_WR)


def ended():
    """I42 within TLS."""
    with private_folder("tls-ended") as folder:
        certificate = Certificate(folder)
        destination = Destination()
        with Embedded(folder, destination, [*listener(certificate), 'listeners.[0].tls="implicit"']) as node:
            client = HalfClosing(node.smtp_port, certificate.client())
            client.go_on(client.tls.do_handshake)
            client.wait_for(b"220 ")
            client.say(b"EHLO app.sender.example\r\n")
            client.wait_for(b"250 ")
            client.say(b"MAIL FROM:<a@sender.example>\r\nRCPT TO:<ok@dest.example>\r\nDATA\r\n")
            client.wait_for(b"354 ")
            client.say(b"Subject: last\r\n\r\nlast\r\n.\r\nQUIT\r\n")
            client.end()
            client.wait_for(b"\r\n250 2.0.0 Ok")
            client.wait_for(b"\r\n221 2.0.0")
            client.socket.close()
            destination.wait_for(lambda d: d.to("ok@dest.example"), 30, "the mail")


class Injecting(Destination):
    """Says more than the 220 in clear text."""

    def secure(self, session):
        session.say("220 2.0.0 Go on\r\n250-destination.example\r\n250 SIZE 1")
        try:
            session.start_tls(self.tls)
        except (OSError, ssl.SSLError):
            return False
        return True


class Refusing(Destination):
    def secure(self, session):
        session.say("454 4.7.0 TLS not available")
        return True


class HangingUp(Destination):
    def secure(self, session):
        session.say("220 2.0.0 Go on")
        return False


def required():
    """sender.tls = required: never in clear text, whatever the destination says; later, over TLS."""
    with private_folder("tls-required") as folder:
        certificate = Certificate(folder)
        for kind in (Destination, Injecting, Refusing, HangingUp):
            destination = kind(tls=certificate.server() if kind is not Destination else None)
            with private_folder("node") as own, \
                    Embedded(own, destination, [*RETRY, 'sender.tls="required"']) as node:
                submit(node.smtp_port, "ok@dest.example")
                wait_until(lambda: node.service.metric("hikyaku_sender_attempts_total") >= 2, 30,
                           f"{kind.__name__}: deferred, and again")
                assert not destination.arrivals, f"{kind.__name__}: a mail left in clear text"
                assert 'result="deferred",reason="tls"' in node.service.get("/metrics")[1], kind.__name__
                if kind is Destination:
                    destination.tls = certificate.server()
                    destination.wait_for(lambda d: d.to("ok@dest.example"), 30, "delivered once TLS is offered")
                    assert destination.arrivals[0].tls


def fallback():
    """sender.tls = opportunistic: a mail is not lost because TLS is; none: not even tried."""
    with private_folder("tls-fallback") as folder:
        certificate = Certificate(folder)
        for kind in (Injecting, Refusing, HangingUp):
            destination = kind(tls=certificate.server())
            with private_folder("node") as own, Embedded(own, destination, RETRY) as node:
                submit(node.smtp_port, "ok@dest.example")
                destination.wait_for(lambda d: d.to("ok@dest.example"), 30, f"{kind.__name__}: in clear text")
                assert destination.arrivals[0].tls is None
                attempts = wait_until(lambda: node.service.metric("hikyaku_sender_attempts_total"), 30, "counted")
                assert attempts == 1, f"{kind.__name__}: {attempts} attempts"
        destination = Destination(tls=certificate.server())
        with private_folder("node") as own, Embedded(own, destination, [*RETRY, 'sender.tls="none"']) as node:
            submit(node.smtp_port, "ok@dest.example")
            destination.wait_for(lambda d: d.to("ok@dest.example"), 30, "delivered")
            assert destination.arrivals[0].tls is None, "TLS although it is turned off"


class Mounted:
    """Certificates as a kubelet mounts a Secret: the files are links through a link that is switched."""

    def __init__(self, folder):
        self.folder = os.path.join(folder, "secret")
        self.count = 0
        os.mkdir(self.folder)
        self.current = self.rotate()
        self.path, self.key = (os.path.join(self.folder, name) for name in ("certificate.pem", "key.pem"))
        for path in (self.path, self.key):
            os.symlink(os.path.join("..data", os.path.basename(path)), path)

    def switch(self, to):
        link = os.path.join(self.folder, "..data_tmp")
        os.symlink(to, link)
        os.replace(link, os.path.join(self.folder, "..data"))

    def rotate(self):
        """A new pair in one step."""
        self.count += 1
        own = os.path.join(self.folder, f"..{self.count}")
        os.mkdir(own)
        self.current = Certificate(own)
        self.switch(os.path.basename(own))
        return self.current

    def mismatch(self):
        """The certificate of one pair with the key of another."""
        own = os.path.join(self.folder, "..mismatch")
        os.mkdir(own)
        Certificate(own)
        shutil.copy(self.current.path, os.path.join(own, "certificate.pem"))
        self.switch(os.path.basename(own))


def in_der(certificate):
    with open(certificate.path, encoding="ascii") as file:
        return ssl.PEM_cert_to_DER_cert(file.read())


def shown(port):
    """The certificate of a handshake, whoever signed it."""
    client = connect(port)
    tls = ssl.create_default_context()
    tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    assert client.starttls(context=tls)[0] == 220
    der = client.sock.getpeercert(binary_form=True)
    client.ehlo()
    client.quit()
    return der


class Handshakes(threading.Thread):
    """One after the other until told to stop."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.seen, self.failures, self.is_over = port, [], [], False

    def run(self):
        while not self.is_over:
            try:
                self.seen.append(shown(self.port))
            except (OSError, AssertionError, smtplib.SMTPException) as failure:
                self.failures.append(failure)

    def finish(self):
        self.is_over = True
        self.join()


def rotated():
    """New files are shown from the next handshake on; no handshake fails, and who is there stays."""
    with private_folder("tls-rotated") as folder:
        secret = Mounted(folder)
        first = secret.current
        destination = Destination()
        settings = [*RETRY, *listener(secret), "service.watch_s=1"]
        with Embedded(folder, destination, settings) as node:
            ends = "hikyaku_ingress_certificate_expiry_timestamp_seconds"
            client = connect(node.smtp_port)
            assert client.starttls(context=first.client())[0] == 220
            client.ehlo()
            assert 0 < node.service.metric(ends) - time.time() <= 2 * 86400
            crowd = [Handshakes(node.smtp_port) for _ in range(3)]
            for one in crowd:
                one.start()
            for _ in range(3):
                before, expected = node.service.metric(ends), in_der(secret.rotate())
                wait_until(lambda d=expected: all(one.seen and one.seen[-1] == d for one in crowd), 20, "the new one")
                assert node.service.metric(ends) > before
            secret.mismatch()
            wait_until(lambda: "reload_refused" in node.service.process.tail(50), 20, "a wrong pair is refused")
            assert shown(node.smtp_port) == expected, "and the last good one stays"
            for one in crowd:
                one.finish()
            assert not [one.failures for one in crowd if one.failures], [one.failures[:3] for one in crowd]
            rcpt = "ok-old@dest.example"
            assert transact(client, [rcpt], content_for(rcpt))[0] == 250, "a connection of before"
            client.quit()
            destination.wait_for(lambda d: d.to(rcpt), 30, rcpt)
            print(f"tls: {sum(len(one.seen) for one in crowd)} handshakes over 3 rotations, none failed")


PARTS = {part.__name__: part for part in (both, injected, ended, required, fallback, rotated)}


def main():
    for name in sys.argv[1:] or PARTS:
        PARTS[name]()
        print(f"tls: {name}: as it should be", flush=True)


if __name__ == "__main__":
    main()
