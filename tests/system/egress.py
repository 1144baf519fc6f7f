#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Source pools that leave through a proxy, with the real ones: Dante for SOCKS5, HAProxy for the PROXY header.
Whom the destination sees, what a login is, and whose trouble it is when nothing comes of it.

  egress.py embedded|cluster ..."""
import contextlib
import json
import pathlib
import socket
import sys

from kit.bubblewrap import need_bubblewrap
from kit.certificate import Certificate
from kit.cluster import private_folder, relay
from kit.mail import submit
from kit.ports import free_port
from kit.process import wait_until
from kit.proxies import dante, haproxy
from source import Seeing

EHLO = "mta1.relay.example"
SOCKS, LOGIN, FIRST, SECOND = "127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"  # what each proxy connects from
ELSEWHERE = "203.0.113.5"  # an address that only HAProxy knows what to do with: it means SECOND
USER, PASSWORD = "relay", "geheim"
POOLS = ("socks", "login", "header")
BRIEF = 'retry={interval="linear"; a_s=1; period_s=600;};'


class Scene:
    """A relay with a listener and a source pool for each proxy, and destinations: one that takes all, one with TLS,
    one whose first host is closed, one whose first host Dante's rules forbid, and one with no other host than that."""

    def __init__(self, kind, folder):
        self.folder = folder
        self.certificate = Certificate(folder)
        self.plain, self.secure = Seeing(), Seeing()
        self.secure.tls = self.certificate.server()
        self.forbidden = Seeing()
        self.closed = free_port()
        self.password = pathlib.Path(folder, "password")
        blocked = [self.forbidden.port]
        self.proxies = {"socks": dante("socks", folder, SOCKS, blocked),
                        "login": dante("login", folder, LOGIN, blocked, (USER, PASSWORD)),
                        "header": haproxy("header", folder, {FIRST: FIRST, ELSEWHERE: SECOND})}
        self.ports = {pool: free_port() for pool in POOLS}
        self.node = relay(kind, folder, None, list(self.settings()))

    def settings(self):
        more = {"socks": 'proxy="socks5";',
                "login": f'proxy="socks5"; proxy_username="{USER}"; proxy_password_file="{self.password}";',
                "header": f'proxy="haproxy"; addresses=["{FIRST}", "{ELSEWHERE}"];'}
        pools = (f'{{name="{pool}"; ehlo="{EHLO}"; {more[pool]} proxy_address="{self.address(pool)}";}}'
                 for pool in POOLS)
        yield f'source_pools=({", ".join(pools)})'
        named = (f'{{name="{pool}"; listeners=["{pool}"]; source_pool="{pool}"; {BRIEF}}}' for pool in POOLS)
        yield f'configurations=({{name="default";}}, {", ".join(named)})'
        for number, (pool, port) in enumerate(self.ports.items(), 1):
            yield f'listeners.[{number}].name="{pool}"'
            yield f"listeners.[{number}].port={port}"
            yield f'listeners.[{number}].networks=["127.0.0.0/8"]'
        good = f"127.0.0.1:{self.plain.port}"
        routes = {"plain": [good], "secure": [f"127.0.0.1:{self.secure.port}"],
                  "closed": [f"127.0.0.1:{self.closed}", good],
                  "ruled": [f"127.0.0.1:{self.forbidden.port}", good],
                  "forbidden": [f"127.0.0.1:{self.forbidden.port}"]}
        yield "routes=(" + ", ".join(f'{{domain="{name}.example"; hosts={json.dumps(hosts)};}}'
                                     for name, hosts in routes.items()) + ")"

    def address(self, pool):
        """One of them by its name."""
        proxy = self.proxies[pool]
        return f"localhost:{proxy.port}" if pool == "login" else proxy.address

    @property
    def sender(self):
        return self.node.of("sender")[0]

    def submit(self, pool, rcpt):
        submit(self.ports[pool], rcpt)

    def deliver(self, pool, rcpt, where=None):
        """The peer that the destination saw, and the line of the log."""
        where = where or self.plain
        self.submit(pool, rcpt)
        where.wait_for(lambda d: d.to(rcpt), 30, rcpt)
        return where.seen[rcpt][0], self.logged("delivered", rcpt)[0]

    def lines(self, event, rcpt):
        with open(self.sender.process.log_path, encoding="utf-8") as log:
            parsed = [json.loads(line) for line in log if line.startswith("{")]
        return [line for line in parsed if line["event"] == event and line.get("rcpt") == rcpt]

    def logged(self, event, rcpt):
        """The lines, once there are some."""
        return wait_until(lambda: self.lines(event, rcpt), 30, f"{event} {rcpt}")

    def deferred_because(self, rcpt, why):
        return any(why in line["reason"] for line in self.lines("deferred", rcpt))

    def connects(self, result):
        series = f'hikyaku_sender_connects_total{{dest_group="other",result="{result}"}} '
        lines = self.sender.get("/metrics")[1].splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(series))


def check_secret(scene):
    """It comes late, as a mounted one may: that is told at once, and not too late for mail."""
    def told():
        with open(scene.sender.process.log_path, encoding="utf-8") as log:
            return any('"source_pool_password"' in line and str(scene.password) in line for line in log)
    wait_until(told, 10, "told at the start")
    rcpt = "ok-early@plain.example"
    scene.submit("login", rcpt)
    assert str(scene.password) in scene.logged("deferred", rcpt)[0]["reason"]
    scene.password.write_text(PASSWORD + "\n", encoding="utf-8")
    scene.plain.wait_for(lambda d: d.to(rcpt), 30, rcpt)


def check_source(scene):
    """Whoever chooses the address: the destination sees it, and so does whoever reads the log."""
    for pool, source in (("socks", SOCKS), ("login", LOGIN)):
        rcpt = f"ok-{pool}@plain.example"
        peer, line = scene.deliver(pool, rcpt)
        assert peer == source and line["source_ip"] == source, (peer, line)
        assert scene.plain.seen[rcpt][1] == EHLO, scene.plain.seen[rcpt]
    seen = [scene.deliver("header", f"ok-header-{number}@plain.example") for number in range(4)]
    assert sorted((peer, line["source_ip"]) for peer, line in seen) == \
        [(FIRST, FIRST)] * 2 + [(SECOND, ELSEWHERE)] * 2, seen


def check_kept(scene):
    """A connection through a proxy is kept like any other, and for no other proxy."""
    before = scene.plain.connections
    for number in range(3):
        for pool in POOLS:
            scene.deliver(pool, f"ok-kept-{pool}-{number}@plain.example")
    assert scene.plain.connections == before, "all from the connections of check_source"


def check_tls(scene):
    for pool in POOLS:
        rcpt = f"ok-{pool}@secure.example"
        scene.deliver(pool, rcpt, scene.secure)
        assert scene.secure.to(rcpt)[0].tls, "STARTTLS through the proxy"


def check_hosts(scene):
    """A host that the proxy does not reach is the host's trouble: the next one takes the mail at once."""
    for pool in POOLS:
        before, rcpt = scene.connects("proxy"), f"ok-{pool}@closed.example"
        scene.deliver(pool, rcpt)
        assert scene.connects("proxy") == before, pool


def check_rules(scene):
    """What the proxy forbids is not the host's trouble, but another host may be allowed."""
    for pool in ("socks", "login"):
        scene.deliver(pool, f"ok-{pool}@ruled.example")
    rcpt = "ok-never@forbidden.example"
    scene.submit("socks", rcpt)
    line = scene.logged("deferred", rcpt)[0]
    assert line["reason"] == f"proxy {scene.address('socks')}: its rules do not allow the connection", line
    assert "mx" not in line and "mx_ip" not in line, line
    assert not scene.forbidden.connections and scene.connects("proxy") >= 3


def check_away(scene):
    """A proxy that is away is no permanent failure, and none of the destination's: it waits, and goes."""
    for pool in POOLS:
        rcpt = f"ok-away-{pool}@plain.example"
        proxy = scene.proxies[pool]
        proxy.__exit__()
        scene.submit(pool, rcpt)
        line = scene.logged("deferred", rcpt)[0]
        assert line["reason"].startswith(f"proxy {scene.address(pool)}: connecting failed"), line
        assert "mx" not in line and "source_ip" not in line, line
        proxy.__enter__()
        scene.plain.wait_for(lambda d, r=rcpt: d.to(r), 30, rcpt)


def check_password(scene):
    """A wrong password waits for the right one: the file is read at each connection."""
    scene.proxies["login"].__exit__()  # and with it the connections that are kept
    scene.password.write_text("falsch\n", encoding="utf-8")
    scene.proxies["login"].__enter__()
    rcpt = "ok-password@plain.example"
    scene.submit("login", rcpt)
    wait_until(lambda: scene.deferred_because(rcpt, "refused the user name or password"), 30, "refused")
    assert PASSWORD not in pathlib.Path(scene.sender.process.log_path).read_text(encoding="utf-8")
    scene.password.write_text(PASSWORD, encoding="utf-8")
    scene.plain.wait_for(lambda d: d.to(rcpt), 30, rcpt)


def check_no_login(scene):
    """Where a proxy wants a login and the pool has none, and where what answers is no proxy."""
    proxy, rcpt = scene.proxies["socks"], "ok-odd@plain.example"
    proxy.__exit__()
    with socket.create_server(("127.0.0.1", proxy.port)) as odd:
        scene.submit("socks", rcpt)
        for answer, why in ((b"\x05\xff", "it wants a login, and the pool has none"),
                            (b"220 mx.example ESMTP\r\n", "it does not speak SOCKS version 5")):
            while not scene.deferred_because(rcpt, why):
                answer_once(odd, answer)  # other mail is under way, too
    proxy.__enter__()
    scene.plain.wait_for(lambda d: d.to(rcpt), 30, rcpt)


def answer_once(server, answer):
    server.settimeout(30)
    connection, _ = server.accept()
    with connection:
        connection.settimeout(30)
        connection.sendall(answer)
        while connection.recv(100):
            pass


CHECKS = (check_secret, check_source, check_kept, check_tls, check_hosts, check_rules, check_away, check_password,
          check_no_login)


def main():
    need_bubblewrap("accounts that Dante alone knows")
    for kind in sys.argv[1:]:
        with private_folder("egress") as folder, contextlib.ExitStack() as proxies:
            scene = Scene(kind, folder)
            for proxy in scene.proxies.values():
                proxies.enter_context(proxy)
            with scene.node:
                for check in CHECKS:
                    check(scene)
                    print(f"{kind}: {check.__name__}: as it should be", flush=True)


if __name__ == "__main__":
    main()
