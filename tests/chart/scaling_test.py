# SPDX-License-Identifier: Apache-2.0
"""The chart's autoscaling, executed: KEDA and the real controllers (cluster.py, keda.py) scale the chart's StatefulSet and
Deployment by the backlog of a real Kafka, that hikyaku's own programs fill and drain (backlog.py), and by a figure of
a real Prometheus. scripts/test-chart --cluster builds what it needs.

  scaling_test.py [--sync SECONDS]     prints the seconds from cause to effect; docs/operations.md has them for 15, at
                                       which Kubernetes looks unless told"""
import argparse
import http.server
import json
import pathlib
import sys
import tempfile
import threading
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "monitoring"), str(HERE.parent / "system")]

from kit.certificate import Certificate  # noqa: E402 (the path comes first)
from kit.cluster import private_folder  # noqa: E402
from prometheus import Prometheus  # noqa: E402
from secure_cluster import KAFKA_PASSWORD  # noqa: E402

import backlog  # noqa: E402
import chart  # noqa: E402
import cluster  # noqa: E402
import keda  # noqa: E402

SPACE = "mail"
LOG = {"topic_prefix": "mail.", "replication": 1, "min_insync": 1, "work_partitions": 8, "failure_partitions": 4}
SENDER = {"enabled": True, "minReplicas": 2, "maxReplicas": 6, "lagThreshold": 50, "fallbackReplicas": 5}
BOUNCER = {"enabled": True, "minReplicas": 2, "maxReplicas": LOG["failure_partitions"], "lagThreshold": 10,
           "fallbackReplicas": 3}
DUE_S = 60
KINDS = {"sender": "statefulsets", "bouncer": "deployments"}
DOWN = {"stabilizationWindowSeconds": 600, "policies": [{"type": "Pods", "value": 1, "periodSeconds": 180}]}
SOON = {"stabilizationWindowSeconds": 2, "policies": [{"type": "Pods", "value": 1, "periodSeconds": 2}]}


class Due(http.server.ThreadingHTTPServer):
    """What a scheduler's ops port says of its oldest timer that is due."""
    seconds = 0

    def __init__(self):
        super().__init__(("127.0.0.1", 0), DuePage)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class DuePage(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = f"hikyaku_scheduler_oldest_due_seconds {self.server.seconds}\n".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Says nothing."""


def values(relay, prometheus):
    return {
        "externalKafka": {"brokers": relay.broker.address, "tls": {"enabled": True, "existingSecret": "kafka-ca"},
                          "sasl": {"mechanism": "PLAIN", "existingSecret": "kafka-login"}},
        "externalRedis": {"nodes": relay.redis.address}, "hostname": "relay.example.com", "settings": {"log": LOG},
        "sender": {"autoscaling": SENDER}, "bouncer": {"autoscaling": BOUNCER},
        "keda": {"prometheusAddress": prometheus.url, "oldestDueSeconds": DUE_S}}


class Scaling(unittest.TestCase):
    sync_s = 2  # how often the autoscaler looks

    @classmethod
    def setUpClass(cls):
        cls.folder = cls.enterClassContext(private_folder("scaling"))
        certificate = Certificate(cls.folder)
        cls.relay = cls.enterClassContext(backlog.Relay(cls.folder, certificate, LOG))
        cls.due = Due()
        cls.prometheus = cls.enterClassContext(Prometheus(cls.folder, [
            {"targets": [f"127.0.0.1:{cls.due.server_address[1]}"], "labels": {"namespace": SPACE}}], {"groups": []}))
        cls.api = cluster.Cluster([f"--horizontal-pod-autoscaler-sync-period={cls.sync_s}s"])
        cls.addClassCleanup(cls.api.remove)
        cls.api.define_kinds()
        keda.Keda(cls.api)
        cls.api.make_namespace(SPACE, {})
        cls.put_secret("kafka-ca", {"ca.crt": pathlib.Path(certificate.path).read_text()})

    @classmethod
    def put_secret(cls, name, content):
        cls.api.must("PATCH", f"/api/v1/namespaces/{SPACE}/secrets/{name}?fieldManager=test", {
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": content},
            content="application/apply-patch+yaml")

    def put_login(self, password):
        self.put_secret("kafka-login", {"username": "hikyaku", "password": password})

    def get(self, group, plural, role):
        return self.api.must("GET", f"/apis/{group}/namespaces/{SPACE}/{plural}/{role}")

    def replicas(self, role):
        return self.get("apps/v1", KINDS[role], f"relay-hikyaku-{role}")["spec"]["replicas"]

    def autoscaler(self, role):
        return self.get("autoscaling/v2", "horizontalpodautoscalers", f"keda-hpa-relay-hikyaku-{role}")

    def condition(self, found, kind):
        """(status, reason)"""
        return next(((one["status"], one.get("reason")) for one in found.get("status", {}).get("conditions", [])
                     if one["type"] == kind), (None, None))

    def figures(self, role):
        """What KEDA told the autoscaler, by the name of the metric: the average per pod."""
        return {one["external"]["metric"]["name"]: one["external"]["current"]["averageValue"]
                for one in self.autoscaler(role)["status"]["currentMetrics"] or [] if one}

    def wait(self, what, is_so):
        """For KEDA and the autoscaler. A scale-up may take 15 s more after another, a fallback four failures."""
        self.api.wait(what, is_so, 40 + 10 * self.sync_s)

    def wait_scaled(self, role, count, cause):
        """Until so many pods are wanted and run."""
        since = time.monotonic()

        def is_so():
            found = self.get("apps/v1", KINDS[role], f"relay-hikyaku-{role}")
            return found["spec"]["replicas"] == found["status"].get("readyReplicas") == count
        self.wait(f"{count} pods of {role} after {cause}", is_so)
        print(f"{time.monotonic() - since:4.0f} s from {cause} to {count} pods of {role}", flush=True)

    def wait_condition(self, role, kind, status, reason):
        self.wait(f"{kind} of {role} is {status}, {reason}", lambda: self.condition(
            self.autoscaler(role), kind) == (status, reason))

    def wait_figure(self, role, name, value):
        self.wait(f"{name} is {value}", lambda: self.figures(role).get(name) == value)

    def patch(self, role, change):
        """The ScaledObject."""
        self.api.kubectl("patch", "scaledobject", f"relay-hikyaku-{role}", "--namespace", SPACE, "--type=json",
                         f"--patch={json.dumps([{'op': 'replace', **change}])}")

    def test_keda_scales_by_backlog(self):
        self.put_login("wrong-Pa55word")
        self.install()
        self.wait_ready("False")
        self.put_login(KAFKA_PASSWORD)
        self.wait_ready("True")
        self.see_minimum()
        self.see_senders_follow()
        self.see_slow_scale_down()
        self.see_bouncers_follow()
        self.see_due_timers_count()
        self.see_number_stay_without_brokers()
        self.see_fallback()
        self.see_uninstall()

    def install(self):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml", dir=self.folder) as file:
            json.dump(values(self.relay, self.prometheus), file)  # JSON is YAML
            file.flush()
            self.api.helm("install", "relay", chart.CHART, "--namespace", SPACE, "-f", file.name)

    def wait_ready(self, status):
        """True: KEDA has found the triggers' fields right, read the Secrets, and spoken to Kafka by TLS and SASL."""
        for role in KINDS:
            self.wait(f"the ScaledObject of {role} is ready: {status}", lambda name=role: self.condition(
                self.get("keda.sh/v1alpha1", "scaledobjects", f"relay-hikyaku-{name}"), "Ready")[0] == status)

    def see_minimum(self):
        """Nothing waits, nothing was ever committed: not less, and not more."""
        for role, figures in (("sender", {"s0-kafka-mail-work": "0", "s1-prometheus": "0"}),
                              ("bouncer", {"s0-kafka-mail-failure": "0"})):
            self.wait_scaled(role, 2, "a ScaledObject that is ready")
            self.wait_condition(role, "ScalingLimited", "True", "TooFewReplicas")
            self.assertEqual(self.figures(role), figures)

    def see_senders_follow(self):
        """No sender runs: nothing is committed yet, everything is backlog."""
        self.relay.submit(4 * SENDER["lagThreshold"], "ok")
        self.wait_scaled("sender", 4, "a backlog for 4")
        self.relay.submit(6 * SENDER["lagThreshold"], "ok")
        self.wait_scaled("sender", SENDER["maxReplicas"], "a backlog for 10")
        self.wait_condition("sender", "ScalingLimited", "True", "TooManyReplicas")
        self.assertEqual(self.replicas("bouncer"), 2)

    def see_slow_scale_down(self):
        """The backlog is gone, and all senders stay for now; then one goes after the other, down to the fewest. What takes
        10 minutes, and 3 for each pod, takes seconds here: the chart has no value for it."""
        self.relay.run("sender")
        self.wait_condition("sender", "AbleToScale", "True", "ScaleDownStabilized")
        self.wait_figure("sender", "s0-kafka-mail-work", "0")
        self.assertEqual(self.replicas("sender"), SENDER["maxReplicas"])
        for role in KINDS:
            told = self.autoscaler(role)["spec"]["behavior"]["scaleDown"]
            self.assertEqual({name: told[name] for name in DOWN}, DOWN)
            self.patch(role, {"path": "/spec/advanced/horizontalPodAutoscalerConfig/behavior/scaleDown", "value": SOON})
        self.wait_scaled("sender", 2, "a wait of 2 s instead of 600")

    def see_bouncers_follow(self):
        """The destination refuses, no bouncer runs. KEDA tells no more backlog than one pod for each partition takes."""
        self.relay.submit(6 * BOUNCER["lagThreshold"], "gone")
        self.wait_scaled("bouncer", BOUNCER["maxReplicas"], "a backlog for 6")
        self.wait_figure("bouncer", "s0-kafka-mail-failure", str(BOUNCER["lagThreshold"]))
        self.relay.run("bouncer")
        self.wait_scaled("bouncer", 2, "the bouncer's start")

    def see_due_timers_count(self):
        """The log has no backlog: what is due in Redis is one."""
        self.wait_figure("sender", "s0-kafka-mail-work", "0")
        self.due.seconds = 4 * DUE_S
        self.wait_scaled("sender", 4, "timers due for 4")

    def see_number_stay_without_brokers(self):
        """KEDA cannot even begin to read: no fallback, but no senders taken away either, and all goes on afterwards."""
        self.relay.broker.stop()
        self.wait_condition("sender", "ScalingActive", "False", "FailedGetExternalMetric")
        self.due.seconds = 0
        self.watch_number("sender", 4)
        self.relay.broker.start()
        self.wait_scaled("sender", 2, "the brokers' return")

    def watch_number(self, role, count):
        """It stays for as long as would do for a fallback, or for a pod less."""
        deadline = time.monotonic() + 6 * self.sync_s

        def is_over():
            self.assertEqual(self.replicas(role), count)
            return time.monotonic() > deadline
        self.wait("the end of watching", is_over)

    def see_fallback(self):
        """Prometheus is away; and Kafka is there, but not the topic."""
        self.prometheus.process.stop()
        self.wait_scaled("sender", SENDER["fallbackReplicas"], "Prometheus' end")
        self.patch("bouncer", {"path": "/spec/triggers/0/metadata/topic", "value": "mail.missing"})
        self.wait_scaled("bouncer", BOUNCER["fallbackReplicas"], "a topic's end")

    def see_uninstall(self):
        self.api.helm("uninstall", "relay", "--namespace", SPACE, "--wait", "--timeout", "60s")
        self.wait("no autoscaler is left", lambda: not self.api.must(
            "GET", f"/apis/autoscaling/v2/namespaces/{SPACE}/horizontalpodautoscalers")["items"])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sync", type=int, default=Scaling.sync_s, help="seconds between looks of the autoscaler")
    Scaling.sync_s = parser.parse_args().sync
    unittest.main(argv=sys.argv[:1])
