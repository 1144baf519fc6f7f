#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Where mail goes when DNS decides: a real zone, the real resolver, hosts on addresses of loopback.

  dns.py zone|late|private ..."""
import json
import sys

from kit.cluster import Embedded, private_folder
from kit.destination import Destination
from kit.mail import SENDER, bounce_fields, submit
from kit.nsd import Nsd
from kit.ports import free_port
from kit.process import wait_until

RETRY = ['configurations=({retry={interval="linear"; a_s=1; period_s=600;};})']
RECORDS = """
sender     MX 10 first
ordered    MX 20 second
ordered    MX 10 first
failover   MX 10 dead
failover   MX 20 second
mute       MX 10 nowhere
mute       MX 20 second
null       MX 0 .
plain      A 127.0.0.3
empty      TXT "no host"
onlydead   MX 10 dead
ours       MX 10 relay.example.com.
first      A 127.0.0.2
second     A 127.0.0.3
dead       A 127.0.0.9
"""


def settings(port, *servers):
    zones = ", ".join(f'"{server.stub_zone}"' for server in servers)
    return [*RETRY, f"sender.port={port}", f"dns.stub_zones=[{zones}]", "dns.timeout_ms=2000"]


def expect_bounce(first, rcpt, status, words=""):
    """A bounce about that recipient, delivered to the sender's own MX host."""
    def found(destination):
        return [a for a in destination.to(SENDER) if bounce_fields(a)["Final-Recipient"] == f"rfc822; {rcpt}"]
    first.wait_for(found, 30, f"a bounce about {rcpt}")
    fields = bounce_fields(found(first)[0])
    assert fields["Status"].split()[0] == status, f"{rcpt}: {fields.items()}"
    assert words in fields["Diagnostic-Code"], f"{rcpt}: {fields.items()}"


GROUPS = 'destination_groups=({name="best"; mx=["first.example"];}, {name="named"; domains=["failover.example"];})'


def groups_of(service):
    """{recipient: dest_group} of what was delivered, by the log."""
    with open(service.process.log_path, encoding="utf-8") as log:
        lines = [json.loads(line) for line in log if line.startswith("{")]
    return {line["rcpt"]: line["dest_group"] for line in lines if line["event"] == "delivered"}


def zone():
    """Preference, fail-over, implicit MX; and the answers after which nobody need be asked. A destination's
    group goes by its best MX host, else by its domain."""
    port = free_port()
    first, second = Destination("127.0.0.2", port), Destination("127.0.0.3", port)
    with private_folder("dns") as folder, Nsd(folder, "example", RECORDS) as server, \
            Embedded(folder, None, [*settings(port, server), "sender.allow_private_targets=true", GROUPS]) as node:
        for host, domain in ((first, "ordered"), (second, "failover"), (second, "mute"), (second, "plain")):
            rcpt = f"ok@{domain}.example"
            submit(node.smtp_port, rcpt)
            host.wait_for(lambda d, r=rcpt: d.to(r), 30, f"{rcpt} at {host.host_port}")
        for domain, status in (("null", "5.1.10"), ("absent", "5.1.2"), ("empty", "5.4.4"), ("ours", "5.4.6")):
            submit(node.smtp_port, f"ok@{domain}.example")
            expect_bounce(first, f"ok@{domain}.example", status)
        submit(node.smtp_port, "ok@onlydead.example")
        wait_until(lambda: 'result="deferred",reason="connect"' in node.service.get("/metrics")[1], 30,
                   "a host that refuses connections defers")
        delivered = [a.rcpt for a in first.arrivals + second.arrivals if a.rcpt != SENDER]
        assert sorted(delivered) == sorted(set(delivered)) and len(delivered) == 4, delivered
        groups = groups_of(node.service)
        assert groups["ok@ordered.example"] == "best" and groups["ok@failover.example"] == "named", groups
        assert groups["ok@plain.example"] == "other", groups


def late():
    """A name server that does not answer: deferred, and delivered once it is there."""
    port = free_port()
    host = Destination("127.0.0.2", port)
    with private_folder("dns-late") as folder:
        server = Nsd(folder, "late.test", "@ MX 10 mx\nmx A 127.0.0.2\n")
        try:
            with Embedded(folder, None, [*settings(port, server), "sender.allow_private_targets=true"]) as node:
                submit(node.smtp_port, "ok@late.test")
                wait_until(lambda: 'result="deferred",reason="dns"' in node.service.get("/metrics")[1], 30,
                           "deferred for want of DNS")
                assert not host.arrivals
                server.start()
                host.wait_for(lambda d: d.to("ok@late.test"), 90, "delivered once DNS answers")
        finally:
            server.stop()


def private():
    """Nobody's DNS aims the relay at an internal network; what the operator routes there goes there."""
    port = free_port()
    first = Destination("127.0.0.2", port)
    with private_folder("dns-private") as folder, Nsd(folder, "example", RECORDS) as server, \
            Embedded(folder, None, [*settings(port, server),
                                    'routes.[0].domain="sender.example"',
                                    f'routes.[0].hosts=["{first.host_port}"]']) as node:
        submit(node.smtp_port, "ok@ordered.example")
        expect_bounce(first, "ok@ordered.example", "5.4.4", "private")
        submit(node.smtp_port, "ok@[127.0.0.2]")
        expect_bounce(first, "ok@[127.0.0.2]", "5.4.4", "private")
        assert {a.rcpt for a in first.arrivals} == {SENDER}, [a.rcpt for a in first.arrivals]


PARTS = {part.__name__: part for part in (zone, late, private)}


def main():
    for name in sys.argv[1:] or PARTS:
        PARTS[name]()
        print(f"dns: {name}: as it should be", flush=True)


if __name__ == "__main__":
    main()
