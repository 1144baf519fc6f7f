# SPDX-License-Identifier: Apache-2.0
"""A cluster that is watched: two processes of each service, Kafka, Redis, DNS, destinations of several
tempers, the audit, and a Prometheus that scrapes all of them with the labels that a PodMonitor sets."""
import contextlib
import os
import pathlib
import subprocess
import sys
import threading

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "system"), str(HERE.parent / "chart")]

import chart  # noqa: E402
from kit.certificate import Certificate  # noqa: E402
from kit.cluster import PROJECT, Cluster, build_folder, private_folder  # noqa: E402
from kit.destination import Destination, Session  # noqa: E402
from kit.nsd import Nsd  # noqa: E402
from kit.ports import free_port  # noqa: E402
from kit.process import Process, wait_until  # noqa: E402
from prometheus import Prometheus  # noqa: E402

NAMESPACE, RELEASE = "mail", "relay-hikyaku"
USER, PASSWORD = "shop", "correct horse: battery"
CONNECTIONS_MAX = 6  # of the listener "submission", in each process
MAX_SIZE_MIB, BUDGET_MIB = 5, 4  # a mail may be larger than what there is room for
AUDIT_LOST_AFTER_S = 150  # longer than anything here is tried
# The third attempt is the last one: a fourth would come after the shortest period there is.
RETRIES_S, PERIOD_S = '"3", "4", "57"', 60


class MoodySession(Session):
    """Hangs up instead of the reply to the final dot where the destination says so."""

    def data(self, sender, rcpts):
        if any(rcpt.startswith("lost") for rcpt in rcpts) and self.server.is_first(rcpts[0]):
            self.say("354 Go on")
            self.content()
            raise ConnectionError
        super().data(sender, rcpts)


class Moody(Destination):
    """listed...  refused by a blocklist      lost...  the first 250 is never sent"""

    def __init__(self, tls=None, pause_s=0):
        self.seen = set()
        self.pause_s = pause_s
        super().__init__(tls=tls)
        self.RequestHandlerClass = MoodySession

    def is_first(self, rcpt):
        with self.changed:
            is_first = rcpt not in self.seen
            self.seen.add(rcpt)
            return is_first

    def answer_rcpt(self, rcpt):
        if rcpt.startswith("listed"):
            return "550 5.7.1 Blocked using zen.spamhaus.example"
        if self.pause_s:
            threading.Event().wait(self.pause_s)
        return super().answer_rcpt(rcpt)


DOMAINS = ("dest", "sender", "shop", "rewritten", *(f"d{number}" for number in range(6)))
# Nobody listens at the host of "dead"; "empty" has no host at all.
RECORDS = "".join(f"{domain} MX 10 mx\n" for domain in DOMAINS) + \
    "mx A 127.0.0.1\nempty TXT nothing\ndead MX 10 nobody\nnobody A 127.0.0.9\n"
# The label dest_group; the other domains are "other".
GROUPS = ", ".join(f'{{name="{name}"; domains=["{domain}.example"];}}' for name, domain in (
    ("gmail", "d0"), ("docomo", "d1"), ("yahoo_japan", "d2"), ("slow", "slow"), ("dead", "dead")))


def configurations(archive):
    """Mail of the listener "submission" has one of its own."""
    retry = f'retry={{interval="list"; list_s=[{RETRIES_S}]; period_s={PERIOD_S};}}; pool={{timeout_s=4;}};'
    return ('configurations=('
            f'{{name="default"; {retry} bcc={{host="127.0.0.1"; port={archive.port};}};}}, '
            f'{{name="shop"; listeners=["submission"]; {retry} bounce={{format="simple";}}; '
            'source_pool="shop-pool"; envelope_from={rewrite="@rewritten.example"; forward_bounces=true;};})')


def listeners(certificate):
    ours = f'networks=["127.0.0.0/8"]; certificate="{certificate.path}"; key="{certificate.key}";'
    return (f'listeners=({{name="smtp"; public_port=25; {ours}}}, {{name="submission"; public_port=587; '
            f'policy="network_auth_optional"; max_connections={CONNECTIONS_MAX}; {ours}}})')


# Of all services; small limits, so that they are met.
SETTINGS = [f"destination_groups=({GROUPS})",
            'source_pools=({name="shop-pool"; addresses=["127.0.0.2"]; ehlo="shop.example";})',
            f'ingress.max_size="{MAX_SIZE_MIB} MiB"', f'ingress.body_budget="{BUDGET_MIB} MiB"', "ingress.hop_limit=10",
            "ingress.commit_timeout_ms=2000", "log.publish_timeout_ms=3000", "sender.allow_private_targets=true",
            "sender.connections_per_destination=4", "sender.in_flight_max=60", "sender.park_after_s=1",
            "dns.timeout_ms=2000", "scheduler.rebuild_grace_ms=1000", "scheduler.reap_interval_ms=500"]


class Audit:
    """hikyakuctl audit --follow, a target like the services."""

    def __init__(self, folder, broker, settings):
        self.port = free_port()
        self.command = [str(build_folder() / "hikyakuctl"), "audit", "--follow", "--listen", f"127.0.0.1:{self.port}",
                        "-c", str(PROJECT / "examples" / "cluster.conf"), "--set", f'log.brokers="{broker.address}"',
                        *(word for setting in settings for word in ("--set", setting))]
        self.folder = folder
        self.process = None

    def start(self, lost_after_s=AUDIT_LOST_AFTER_S):
        self.process = Process("auditor", [*self.command, "--lost-after", str(lost_after_s)], self.folder)
        self.process.start()

    def restart(self, lost_after_s):
        self.process.stop(20)
        self.start(lost_after_s)


def labels(pod, container):
    """What a PodMonitor of the chart adds to each series."""
    return {"job": f"{NAMESPACE}/{RELEASE}", "namespace": NAMESPACE, "pod": f"{RELEASE}-{pod}", "container": container,
            "endpoint": "ops", "app_kubernetes_io_component": container}


def rules(wait=None):
    """The rule groups as the chart renders them. wait: {alert: its `for` in this run}."""
    found = chart.of_kind(chart.CHART / "ci" / "monitoring.yaml", "PrometheusRule")[0]["spec"]
    for group in found["groups"]:
        for rule in group["rules"]:
            if rule.get("alert") in (wait or {}):
                rule["for"] = wait[rule["alert"]]
    return found


class Watched:
    """with Watched(...) as watched: everything runs, and Prometheus has seen every target."""

    def __init__(self, scrape_s=1, wait=None):
        self.scrape_s, self.wait = scrape_s, wait
        self.parts = contextlib.ExitStack()

    def __enter__(self):
        with contextlib.ExitStack() as parts:
            self._start(parts)
            self.parts = parts.pop_all()
        return self

    def __exit__(self, *failure):
        return self.parts.__exit__(*failure)

    def _start(self, parts):
        self.folder = parts.enter_context(private_folder("watched"))
        self.certificate = Certificate(self.folder)
        users = os.path.join(self.folder, "users")
        subprocess.run([str(build_folder() / "hikyakuctl"), "user", "add", users, USER, "--password-stdin"],
                       input=PASSWORD + "\n", text=True, check=True, timeout=60)
        self.destination = Moody(self.certificate.server())
        self.slow, self.archive = Moody(pause_s=2), Moody()
        names = parts.enter_context(Nsd(self.folder, "example", RECORDS))
        own = [configurations(self.archive), listeners(self.certificate), f'ingress.users_file="{users}"',
               f"sender.port={self.destination.port}", f'dns.stub_zones=["{names.stub_zone}"]',
               f'routes=({{domain="slow.example"; hosts=["{self.slow.host_port}"];}})', *SETTINGS]
        self.cluster = Cluster(self.folder, None, count=2, settings=own)
        self.submission_ports = [free_port() for _ in self.cluster.of("ingress")]
        for service, port in zip(self.cluster.of("ingress"), self.submission_ports):
            service.process.command += ["--set", f"listeners.[1].port={port}"]
        parts.enter_context(self.cluster)
        self.audit = Audit(self.folder, self.cluster.broker, own)
        self.audit.start()
        parts.callback(lambda: self.audit.process.stop(20))
        self.prometheus = parts.enter_context(
            Prometheus(self.folder, self.targets(), rules(self.wait), self.scrape_s))
        wait_until(lambda: self.prometheus.value("count(up == 1)") == len(self.targets()), 60,
                   lambda: f"every target is scraped: {self.prometheus.unhealthy_targets()}")

    def targets(self):
        services = [(service.ops_port, name, name.rsplit("-", 1)[0]) for name, service in self.cluster.services.items()]
        return [{"targets": [f"127.0.0.1:{port}"], "labels": labels(pod, container)}
                for port, pod, container in [*services, (self.audit.port, "auditor", "auditor")]]
