# SPDX-License-Identifier: Apache-2.0
"""The chart against a real API server (cluster.py), with both Helms: admitted strictly under PodSecurity restricted and
by the operators' own definitions, installed, drained against the budgets, upgraded, rolled back, tested, uninstalled.
scripts/test-chart --cluster builds what it needs."""
import subprocess
import unittest

import yaml

import chart
import cluster
import tools

VALUES = chart.CHART / "ci/default.yaml"
SPACE = "mail"
HOSTNAME = "relay.example.com"
# The API's own path of a kind.
PLURALS = {"NetworkPolicy": "networkpolicies"}
# Installed by cluster_tools.definitions(); Strimzi's is in no module of Go.
DEFINED = ("keda.sh/v1alpha1", "monitoring.coreos.com/v1")
ALL_PODS = sum(one["spec"]["replicas"] for one in chart.of_kind(VALUES, *chart.WORKLOADS))


class OnACluster(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.api = cluster.Cluster()
        cls.addClassCleanup(cls.api.remove)
        cls.api.define_kinds()
        cls.api.make_namespace(SPACE, {"pod-security.kubernetes.io/enforce": "restricted"})

    def helm(self, *arguments, major="4"):
        return self.api.helm(*arguments, "--namespace", SPACE, major=major)

    def pods(self):
        found = self.api.must("GET", f"/api/v1/namespaces/{SPACE}/pods?labelSelector=app.kubernetes.io/instance=relay")
        return {pod["metadata"]["name"]: pod for pod in found["items"]
                if "deletionTimestamp" not in pod["metadata"]}

    def ready(self):
        return [name for name, pod in self.pods().items() if any(
            one["type"] == "Ready" and one["status"] == "True" for one in pod["status"].get("conditions", []))]

    def cordon(self, verb):
        self.api.kubectl(verb, *(f"node-{number}" for number in range(cluster.NODES)))

    def evict(self, name):
        return self.api.call("POST", f"/api/v1/namespaces/{SPACE}/pods/{name}/eviction", {
            "apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": SPACE}})[0]

    def test_strict_admission(self):
        for values in chart.VALUE_FILES:
            for one in yaml.safe_load_all(chart.template(values, operators=DEFINED).stdout):
                if not one or one["kind"] == "Pod":  # its ServiceAccount is not there yet; `helm test` runs it
                    continue
                version = one["apiVersion"]
                kind = PLURALS.get(one["kind"], one["kind"].lower() + "s")
                path = (f"/{'apis' if '/' in version else 'api'}/{version}/namespaces/{SPACE}/{kind}"
                        "?dryRun=All&fieldValidation=Strict")
                one["metadata"]["namespace"] = SPACE
                with self.subTest(values=values.name, kind=one["kind"], name=one["metadata"]["name"]):
                    self.api.must("POST", path, one)

    def test_misspelt_field_is_refused(self):
        wrong = {"apiVersion": "monitoring.coreos.com/v1", "kind": "PodMonitor", "metadata": {"name": "wrong"},
                 "spec": {"selector": {}, "podMetricsEndpoints": [{"prot": "ops"}]}}
        status, answer = self.api.call("POST", f"/apis/monitoring.coreos.com/v1/namespaces/{SPACE}/podmonitors"
                                       "?dryRun=All&fieldValidation=Strict", wrong)
        self.assertEqual(status, 400, answer)
        self.assertIn("podMetricsEndpoints[0].prot", str(answer))

    def test_life_of_a_release_helm_3(self):
        self.live("3")

    def test_life_of_a_release_helm_4(self):
        self.live("4")

    def live(self, major):
        self.addCleanup(self.leave_nothing_behind)
        self.helm("install", "relay", chart.CHART, "-f", VALUES, "--wait", "--timeout", "120s", major=major)
        self.assertEqual(len(self.ready()), ALL_PODS)
        self.see_budgets_hold()
        self.drain_a_node()
        self.see_live_settings_replace_none(major)
        self.see_upgrade_replace_all(major)
        self.helm("rollback", "relay", "1", "--wait", "--timeout", "180s", major=major)
        settings = self.api.must("GET", f"/api/v1/namespaces/{SPACE}/configmaps/relay-hikyaku-settings")
        self.assertNotIn(HOSTNAME, settings["data"]["hikyaku.conf"])
        self.assertEqual(self.helm("test", "relay", major=major).count("Succeeded"), 3)
        self.see_uninstall_leave_nothing(major)

    def leave_nothing_behind(self):
        """A release that failed must not fail the next test as well."""
        subprocess.run([tools.helm("4"), "uninstall", "relay", "--ignore-not-found", "--wait", "--namespace", SPACE,
                        "--kubeconfig", self.api.kubeconfig], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def see_budgets_hold(self):
        """Where no replacement can run, a second pod of a role does not go."""
        before = set(self.pods())
        self.cordon("cordon")
        try:
            for role in chart.ROLES:
                first, second = sorted(name for name in before if f"-{role}-" in name)[:2]
                self.assertEqual((self.evict(first), self.evict(second)), (201, 429), role)
        finally:
            self.cordon("uncordon")
        self.api.wait("the evicted pods' replacements", lambda: len(self.ready()) == ALL_PODS)

    def drain_a_node(self):
        """As an administrator does before work on a machine: everything moves, by evictions, and comes back up."""
        node = next(iter(self.pods().values()))["spec"]["nodeName"]
        said = self.api.kubectl("drain", node, "--delete-emptydir-data", "--ignore-daemonsets", "--timeout=120s")
        self.assertIn(f"node/{node} drained", said)
        self.assertIn("evicted", said)
        self.api.wait("all pods on the other nodes", lambda: len(self.ready()) == ALL_PODS)
        self.assertNotIn(node, {pod["spec"]["nodeName"] for pod in self.pods().values()})
        self.api.kubectl("uncordon", node)

    def uids(self):
        return {pod["metadata"]["uid"] for pod in self.pods().values()}

    def see_live_settings_replace_none(self, major):
        """The services follow the mounted file."""
        old = self.uids()
        self.helm("upgrade", "relay", chart.CHART, "-f", VALUES, "--set", "logLevel=debug", "--wait", "--timeout", "60s",
                  major=major)
        settings = self.api.must("GET", f"/api/v1/namespaces/{SPACE}/configmaps/relay-hikyaku-settings")
        self.assertIn('level = "debug"', settings["data"]["hikyaku.conf"])
        self.assertEqual(self.uids(), old)

    def see_upgrade_replace_all(self, major):
        old = self.uids()
        self.helm("upgrade", "relay", chart.CHART, "-f", VALUES, "--set", f"hostname={HOSTNAME}", "--wait",
                  "--timeout", "180s", major=major)
        self.api.wait("a rollout that replaces all pods", lambda: len(self.ready()) == ALL_PODS and not old & self.uids(), 120)

    def see_uninstall_leave_nothing(self, major):
        """Nothing in the cluster; the data is in the topics, which no object of the release owns."""
        self.helm("uninstall", "relay", "--wait", "--timeout", "120s", major=major)
        self.api.wait("no pod left", lambda: not self.pods())
        for kind in ("api/v1:configmaps", "api/v1:services", "api/v1:serviceaccounts", "apis/apps/v1:deployments",
                     "apis/apps/v1:statefulsets", "apis/policy/v1:poddisruptionbudgets", "apis/batch/v1:jobs"):
            version, plural = kind.split(":")
            left = self.api.must("GET", f"/{version}/namespaces/{SPACE}/{plural}"
                                 "?labelSelector=app.kubernetes.io/instance=relay")["items"]
            self.assertEqual([one["metadata"]["name"] for one in left], [], plural)


if __name__ == "__main__":
    unittest.main()
