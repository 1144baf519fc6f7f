#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""SIGHUP: a bad file changes nothing and says why; a good one is for what begins from now on, and
no session and no mail notices.

  reload.py embedded|cluster ..."""
import base64
import json
import os
import signal
import ssl
import subprocess
import sys
import threading

from kit.certificate import Certificate
from kit.cluster import Cluster, Embedded, build_folder, private_folder
from kit.destination import Destination
from kit.mail import connect, content_for, submit, transact
from kit.process import wait_until

RELOADS = 20
CLIENTS = 6
PASSWORD = "correct horse"


def configuration(received="abbreviated", rewrite="none", a_s=3600):
    return ('configurations = ( { name = "default"; received = "%s"; envelope_from: { rewrite = "%s"; };\n'
            '    retry: { interval = "linear"; a_s = %d; }; } );\n' % (received, rewrite, a_s))


def parse(line):
    try:
        return json.loads(line)
    except ValueError:
        return {}


def value(service, series):
    for line in service.get("/metrics")[1].splitlines():
        if line.startswith(series + " "):
            return float(line.rsplit(" ", 1)[1])
    return 0.0


class Node:
    """Either kind of relay on a file of its own, which tests write again."""

    def __init__(self, kind, folder, destination, more=()):
        self.path = os.path.join(folder, "live.conf")
        self.users = os.path.join(folder, "users")
        self.certificate = Certificate(folder)
        self.write(configuration())
        with open(self.users, "w", encoding="ascii"):
            pass
        settings = ['listeners.[0].networks=["127.0.0.0/8"]', 'listeners.[0].policy="network_auth_optional"',
                    f'listeners.[0].certificate="{self.certificate.path}"',
                    f'listeners.[0].key="{self.certificate.key}"', f'ingress.users_file="{self.users}"',
                    "scheduler.rebuild_grace_ms=1000", "sender.hostname=relay.example", *more]
        if kind == "embedded":
            self.relay = Embedded(folder, destination, settings, self.path)
            self.services = [self.relay.service]
        else:
            self.relay = Cluster(folder, destination, 1, settings, self.path)
            self.services = list(self.relay.services.values())

    def __enter__(self):
        self.relay.__enter__()
        return self

    def __exit__(self, *failure):
        return self.relay.__exit__(*failure)

    @property
    def port(self):
        return self.relay.smtp_ports[0]

    def write(self, text):
        """As an editor or a ConfigMap does it: never half a file."""
        with open(self.path + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(self.path + ".new", self.path)

    def reload(self, text, result="ok", role=""):
        """SIGHUP to the processes of the role, until each has said what became of it."""
        series = f'hikyaku_config_reload_total{{result="{result}"}}'
        services = [service for service in self.services if len(self.services) == 1 or service.name.startswith(role)]
        before = [value(service, series) for service in services]
        self.write(text)
        for service in services:
            service.process.signal(signal.SIGHUP)
        for service, count in zip(services, before):
            wait_until(lambda s=service, c=count: value(s, series) > c, 30, f"{service.name}: reload {result}")

    def details(self, event):
        found = []
        for service in self.services:
            with open(service.process.log_path, encoding="utf-8") as log:
                found += [line.get("detail", "") for line in map(parse, log) if line.get("event") == event]
        return found


def deliver(node, destination, rcpt):
    submit(node.port, rcpt)
    destination.wait_for(lambda d: d.to(rcpt), 30, f"{rcpt} is delivered")
    return destination.to(rcpt)[0]


def refused_for_now(node, rcpt):
    """Until the sender has planned the retry, which is after the destination's answer."""
    def attempts():
        return sum(service.metric("hikyaku_sender_attempts_total") for service in node.services)
    before = attempts()
    submit(node.port, rcpt)
    wait_until(lambda: attempts() > before, 30, f"{rcpt} is refused for now")


def check_bad_files(node, destination):
    node.reload(configuration(received="nonsense"), "refused")
    node.reload("configurations = ( { name = ", "refused")
    node.reload('configurations = ( { name = "default"; retry: { period_s = 90000; }; } );\n', "refused")
    faults = node.details("reload_refused")
    for words in ('live.conf:1: ', '"nonsense"', "the log was opened for 86400"):
        assert any(words in fault for fault in faults), (words, faults)
    assert not node.details("setting_changed")
    assert deliver(node, destination, "ok-bad@dest.example").header("Received")


def check_new_mails_only(node, destination):
    """A mail that waits for its retry keeps its header and its envelope From."""
    node.reload(configuration(a_s=5))
    refused_for_now(node, "grey-old@dest.example")
    node.reload(configuration("remove_all", "bounces@new.example", 5))
    new = deliver(node, destination, "ok-new@dest.example")
    assert new.header("Received") is None and new.header("X-Hikyaku-Loop"), new.content
    assert new.sender == "bounces@new.example", new.sender
    destination.wait_for(lambda d: d.to("grey-old@dest.example"), 30, "delivered by its retry")
    old = destination.to("grey-old@dest.example")[0]
    assert old.header("Received") and old.sender == "app@sender.example", (old.sender, old.content)
    changed = node.details("setting_changed")
    assert 'configurations "default" received: "abbreviated" -> "remove_all"' in changed, changed
    assert 'configurations "default" retry.a_s: 3600 s -> 5 s' in changed, changed


def check_retries(node, destination):
    """The interval is read at the failure: what it found then stays."""
    node.reload(configuration(a_s=3600))
    refused_for_now(node, "busy-slow@dest.example")
    node.reload(configuration(a_s=1))
    refused_for_now(node, "grey-quick@dest.example")
    destination.wait_for(lambda d: d.to("grey-quick@dest.example"), 30, "a retry after 1 s, not an hour")
    assert sum(rcpt == "busy-slow@dest.example" for rcpt, _ in destination.refusals) == 1


def check_what_is_not_live(node):
    node.reload('sender: { tls = "none"; };\n' + configuration(a_s=1))
    assert "takes effect at the next start: sender.tls" in node.details("setting_pending")


def secured(node, trust):
    client = connect(node.port)
    assert client.starttls(context=trust)[0] == 220
    client.ehlo()
    return client


def plain(name):
    return "AUTH PLAIN " + base64.b64encode(f"\0{name}\0{PASSWORD}".encode()).decode()


def check_certificates(node, destination):
    """Rotated as mounted secrets are: new handshakes get the new one, sessions go on."""
    old = node.certificate
    trusts_old = old.client()
    begun = secured(node, trusts_old)
    with open(old.path, encoding="ascii") as file:
        good = file.read()
    with open(old.path, "w", encoding="ascii") as file:
        file.write("torn")
    node.reload(configuration(), "refused", "ingress")
    secured(node, trusts_old).quit()
    with open(old.path, "w", encoding="ascii") as file:
        file.write(good)
    new = Certificate(os.path.dirname(old.path))
    node.reload(configuration(a_s=1), role="ingress")
    secured(node, new.client()).quit()
    with_old = connect(node.port)
    try:
        with_old.starttls(context=trusts_old)
        raise AssertionError("the old certificate is still served")
    except ssl.SSLError:
        pass
    rcpt = "ok-begun@dest.example"
    assert transact(begun, [rcpt], content_for(rcpt))[0] == 250
    destination.wait_for(lambda d: d.to(rcpt), 30, "over the session that began before")
    begun.quit()
    node.certificate = new


def check_users(node):
    client = secured(node, node.certificate.client())
    assert client.docmd(plain("anna"))[0] == 535
    subprocess.run([str(build_folder() / "hikyakuctl"), "user", "add", node.users, "anna", "--password-stdin"],
                   input=PASSWORD + "\n", text=True, check=True, capture_output=True, timeout=30)
    with open(node.users, "a", encoding="ascii") as file:
        file.write("nonsense\n")
    node.reload(configuration(a_s=1), "refused", "ingress")
    assert any("users:2" in fault for fault in node.details("reload_refused")), node.details("reload_refused")
    with open(node.users, encoding="ascii") as file:
        lines = file.readlines()
    with open(node.users, "w", encoding="ascii") as file:
        file.writelines(lines[:-1])
    node.reload(configuration(a_s=1), role="ingress")
    assert client.docmd(plain("anna"))[0] == 235, "the session began before, the user is new"
    client.quit()


class Load(threading.Thread):
    """Mail after mail over one session; every second one is greylisted."""

    def __init__(self, node, number, stop):
        super().__init__()
        self.node, self.number, self.stop = node, number, stop
        self.accepted, self.failure = [], None

    def run(self):
        try:
            client = connect(self.node.port)
            while not self.stop.is_set():
                kind = "grey" if len(self.accepted) % 2 else "ok"
                rcpt = f"{kind}-load-{self.number}-{len(self.accepted)}@dest.example"
                reply = transact(client, [rcpt], content_for(rcpt))
                assert reply[0] == 250, reply
                self.accepted.append(rcpt)
            client.quit()
        except Exception as failure:  # pylint: disable=broad-except
            self.failure = failure


def check_under_load(node, destination):
    stop = threading.Event()
    loads = [Load(node, number, stop) for number in range(CLIENTS)]
    for load in loads:
        load.start()
    for number in range(RELOADS):
        modes = ("normal", "none", "remove_all", "abbreviated")
        node.reload(configuration(modes[number % 4], f"@d{number}.example", 1))
    stop.set()
    for load in loads:
        load.join(60)
        assert load.failure is None, f"a session failed: {load.failure!r}"
    accepted = [rcpt for load in loads for rcpt in load.accepted]
    assert len(accepted) >= RELOADS, len(accepted)
    destination.wait_for(lambda d: {a.rcpt for a in d.arrivals} >= set(accepted), 120, "every mail arrives")
    seen = [a.rcpt for a in destination.arrivals]
    twice = {rcpt for rcpt in accepted if seen.count(rcpt) > 1} if len(accepted) < 5000 else set()
    assert not twice, f"delivered twice: {sorted(twice)[:5]}"
    return len(accepted)


def run(kind):
    destination = Destination()
    with private_folder("reload") as folder, Node(kind, folder, destination) as node:
        check_bad_files(node, destination)
        check_new_mails_only(node, destination)
        check_retries(node, destination)
        check_what_is_not_live(node)
        check_certificates(node, destination)
        check_users(node)
        count = check_under_load(node, destination)
    print(f"{kind}: {RELOADS} reloads while {count} mails passed: none lost, no session failed")


def main():
    for kind in sys.argv[1:]:
        run(kind)


if __name__ == "__main__":
    main()
