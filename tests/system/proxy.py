#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Behind a proxy that speaks the PROXY protocol: the client it names is the client for everything, and
nobody becomes a neighbour by claiming to be one.

  proxy.py embedded|cluster ..."""
import ipaddress
import json
import smtplib
import socket
import ssl
import struct
import subprocess
import sys
import time

from kit.certificate import Certificate
from kit.cluster import PROJECT, build_folder, private_folder, relay
from kit.destination import Destination
from kit.mail import connect, content_for, transact
from kit.ports import free_port
from kit.process import wait_until

EHLO = "app.sender.example"
RELAY = "mta01.relay.example"
PROXY = "127.0.0.1"  # trusted, and in the networks of the listeners besides
STRANGER = "127.0.0.2"
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
TLV = b"\x04\x00\x03any"


def version_1(client, destination="198.51.100.1"):
    family = f"TCP{ipaddress.ip_address(client).version}"
    return f"PROXY {family} {client} {destination} 56324 25\r\n".encode()


def version_2(client, destination="198.51.100.1", command=0x21, more=b""):
    ends = [ipaddress.ip_address(ip) for ip in (client, destination)]
    tail = b"".join(end.packed for end in ends) + struct.pack(">HH", 56324, 25) + more
    family = 0x11 if ends[0].version == 4 else 0x21
    return SIGNATURE + struct.pack(">BBH", command, family, len(tail)) + tail


LOCAL = SIGNATURE + b"\x20\x00\x00\x00"
LOCAL_WITH_ADDRESSES = version_2("203.0.113.9", command=0x20)
UNNAMED = {"version 1": b"PROXY UNKNOWN\r\n", "version 2": SIGNATURE + b"\x21\x00\x00\x00",
           "a unix socket": SIGNATURE + b"\x21\x31\x00\xd8" + b"/" * 216}


class Proxied(smtplib.SMTP):
    """A client as its proxy hands it on. With TLS, header and handshake travel in one packet."""

    def __init__(self, port, header, tls=None, source=PROXY):
        self.header, self.tls = header, tls
        super().__init__("127.0.0.1", port, timeout=30, local_hostname=EHLO, source_address=(source, 0))

    def _get_socket(self, host, port, timeout):
        connection = socket.create_connection((host, port), timeout, self.source_address)
        connection.send(self.header, socket.MSG_MORE if self.tls else 0)
        return self.tls.wrap_socket(connection, server_hostname=host) if self.tls else connection


class Behind:
    """A relay with three listeners: `proxy` and `proxies` (TLS before the greeting) behind a proxy, and
    a plain one."""

    def __init__(self, kind, folder):
        self.certificate = Certificate(folder)
        self.destination = Destination()
        self.ports = {"proxy": free_port(), "proxies": free_port()}
        self.node = relay(kind, folder, self.destination, list(self.settings()))
        self.count = 0

    def settings(self):
        yield f'ingress.hostname="{RELAY}"'
        yield ('configurations=({name="default"; received="normal";},'
               '{name="brief"; received="abbreviated"; networks=["192.0.2.128/25"];})')
        for number, (name, port) in enumerate(self.ports.items(), 1):
            at = f"listeners.[{number}]"
            yield f'{at}.name="{name}"'
            yield f"{at}.port={port}"
            yield f"{at}.proxy=true"
            yield f'{at}.proxy_trusted=["{PROXY}"]'
            yield f'{at}.networks=["192.0.2.0/24", "2001:db8::/32", "{PROXY}"]'
            yield f'{at}.certificate="{self.certificate.path}"'
            yield f'{at}.key="{self.certificate.key}"'
        yield 'listeners.[2].tls="implicit"'

    def __enter__(self):
        self.node.__enter__()
        self.ingress = self.node.of("ingress")[0]
        return self

    def __exit__(self, *failure):
        self.node.__exit__(*failure)

    def clients(self, header):
        """In clear text, with STARTTLS, with TLS from the first octet."""
        yield Proxied(self.ports["proxy"], header)
        client = Proxied(self.ports["proxy"], header)
        assert client.starttls(context=self.certificate.client())[0] == 220
        yield client
        yield Proxied(self.ports["proxies"], header, self.certificate.client())

    def logged(self, event):
        with open(self.ingress.process.log_path, encoding="utf-8") as log:
            lines = [json.loads(line) for line in log if line.startswith("{")]
        return [line for line in lines if line.get("event") == event]

    def refused(self, result):
        """Connections of both proxy listeners that ended so."""
        lines = self.ingress.get("/metrics")[1].splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines
                   if line.startswith("hikyaku_ingress_connections_total{listener=\"prox")
                   and f'result="{result}"' in line)

    def deliver(self, client):
        """The mail as it arrived, and the line of the log."""
        self.count += 1
        rcpt, sender = f"ok-{self.count}@dest.example", f"{self.count}@sender.example"
        client.ehlo()
        reply = transact(client, [rcpt], content_for(rcpt), sender)
        assert reply[0] == 250, reply
        client.quit()
        self.destination.wait_for(lambda d: d.to(rcpt), 30, rcpt)
        line = wait_until(lambda: [at for at in self.logged("accepted") if at["sender"] == sender], 10, "logged")
        return self.destination.to(rcpt)[0].content.decode(), line[0]


def check_named(behind):
    """Received, the log and the choice of a configuration go by the client, never by the proxy."""
    six, local_six = "2001:db8::7", "2001:db8::1"
    for client, local, header in (("192.0.2.7", "198.51.100.1", version_1("192.0.2.7")),
                                  ("192.0.2.7", "198.51.100.1", version_2("192.0.2.7", more=TLV)),
                                  (six, local_six, version_1(six, local_six)),
                                  (six, local_six, version_2(six, local_six))):
        for session in behind.clients(header):
            content, line = behind.deliver(session)
            prefix = "IPv6:" if client == six else ""
            assert content.startswith(f"Received: from {EHLO} (unknown [{prefix}{client}])"), content
            assert f"[{prefix}{local}]" in content.split(";")[0], content
            assert PROXY not in content, content
            assert line["client_ip"] == client, line
    for session in behind.clients(version_1("192.0.2.200")):
        content, _ = behind.deliver(session)
        assert content.startswith(f"Received: from {EHLO} by {RELAY};"), content


def check_itself(behind):
    """LOCAL: the proxy speaks for itself, and is as good a client as its address."""
    for header in (LOCAL, LOCAL_WITH_ADDRESSES):
        for session in behind.clients(header):
            content, line = behind.deliver(session)
            assert f"(unknown [{PROXY}])" in content and line["client_ip"] == PROXY, (content, line)


def greeting(port, header, tls=None):
    with socket.create_connection(("127.0.0.1", port), 30) as connection:
        for octet in header:
            connection.sendall(bytes([octet]))
        with tls.wrap_socket(connection, server_hostname="127.0.0.1") if tls else connection as session:
            return session.recv(1024)


def check_no_open_relay(behind):
    """Neither a stranger nor somebody without a name gains by the proxy's own place in the networks."""
    port = behind.ports["proxy"]
    for header in (version_1("203.0.113.9"), version_2("203.0.113.9"), version_2("2001:db9::1", "2001:db8::1"),
                   *UNNAMED.values()):
        assert greeting(port, header).startswith(b"554 "), header
        try:
            refused = greeting(behind.ports["proxies"], header, behind.certificate.client())
        except (ssl.SSLError, OSError):
            refused = b""
        assert not refused, refused
    assert greeting(port, version_1("192.0.2.7")).startswith(b"220 "), "octet by octet"


def until_closed(port, octets, source=PROXY):
    """What a connection is told before it ends."""
    received = b""
    with socket.create_connection(("127.0.0.1", port), 30, (source, 0)) as connection:
        try:
            connection.sendall(octets)
            while more := connection.recv(4096):
                received += more
        except ConnectionError:
            pass
    return received


def check_refused(behind):
    """Without a header, with a wrong one, from elsewhere: closed, with a line in the log."""
    wrong = {"it did not begin with a PROXY header": b"EHLO evil.example\r\n",
             "the addresses of its PROXY line cannot be read": b"PROXY TCP4 192.0.2.256 198.51.100.1 1 25\r\n",
             "its PROXY line does not end": b"PROXY UNKNOWN " + b"x" * 200,
             "its PROXY header is too long": SIGNATURE + b"\x21\x11\xff\xff",
             "it sent no PROXY header in time": b"PROXY TCP4 "}
    before = behind.refused("header")
    for octets in wrong.values():
        assert until_closed(behind.ports["proxy"], octets) == b"", octets
    assert until_closed(behind.ports["proxies"], b"\x16\x03\x01\x02\x00\x01\x00") == b"", "TLS without a header"
    wait_until(lambda: behind.refused("header") == before + len(wrong) + 1, 10, "counted")
    assert wrong.keys() <= {line["detail"] for line in behind.logged("proxy_refused")}
    for port in behind.ports.values():
        assert until_closed(port, version_1("192.0.2.7"), STRANGER) == b"", "an untrusted peer"
    wait_until(lambda: behind.refused("untrusted") == 2, 10, "counted")
    line = behind.logged("proxy_refused")[-1]
    assert line["address"] == STRANGER and line["target"] == "proxies", line
    assert line["detail"] == "it is not in proxy_trusted", line


def check_plain(behind):
    """Where no proxy is meant to be, a header is no SMTP, and names nobody."""
    client = connect(behind.node.smtp_ports[0])
    assert client.docmd(version_1("192.0.2.7").decode().strip())[0] == 500
    content, line = behind.deliver(client)
    assert f"(unknown [{PROXY}])" in content and line["client_ip"] == PROXY, (content, line)


def check_drain(behind):
    """Who has yet to send a header holds up nothing."""
    with socket.create_connection(("127.0.0.1", behind.ports["proxy"]), 30) as waiting:
        assert greeting(behind.ports["proxy"], version_1("192.0.2.7")).startswith(b"220 "), "accepted after it"
        start = time.monotonic()
        assert behind.ingress.process.stop(30) == 0
        assert time.monotonic() - start < 4, "waited for the header"
        assert waiting.recv(1) == b""


def check_settings():
    """Whom to believe has to be said, and cannot be everybody."""
    for trusted, words in (("[]", "proxy = true needs proxy_trusted"), ('["0.0.0.0/0"]', "trusts everyone"),
                           ('["::/0"]', "trusts everyone"), ('["10.0.0.0/33"]', "is no network")):
        given = f'listeners=({{proxy=true; proxy_trusted={trusted};}})'
        done = subprocess.run([build_folder() / "hikyaku", "-c", PROJECT / "examples/embedded.conf", "--check-config",
                               "--set", given], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 2 and words in done.stderr, (trusted, done)


def check(kind):
    with private_folder("proxy") as folder, Behind(kind, folder) as behind:
        for part in (check_named, check_itself, check_no_open_relay, check_refused, check_plain, check_drain):
            part(behind)
            print(f"{kind}: {part.__name__}: as it should be", flush=True)


def main():
    check_settings()
    for kind in sys.argv[1:]:
        check(kind)


if __name__ == "__main__":
    main()
