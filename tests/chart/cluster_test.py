# SPDX-License-Identifier: Apache-2.0
"""The chart against a real API server (cluster.py): admitted strictly under PodSecurity restricted, installed,
upgraded, rolled back, drained against the budgets, uninstalled. scripts/test-chart --cluster builds what it needs."""
import subprocess
import unittest

import yaml

import chart
import cluster
import tools

VALUES = chart.CHART / "ci/default.yaml"
SPACE = "mail"
# The API's own path of a kind.
PLURALS = {"NetworkPolicy": "networkpolicies"}
ALL_PODS = 3 + 2 + 3 + 2


class OnACluster(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.api = cluster.Cluster()
        cls.addClassCleanup(cls.api.remove)
        cls.api.must("POST", "/api/v1/namespaces", {
            "apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": SPACE, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}})
        cls.api.wait("the default ServiceAccount", lambda: cls.api.call(
            "GET", f"/api/v1/namespaces/{SPACE}/serviceaccounts/default")[0] == 200)

    def helm(self, *arguments, major="4"):
        done = subprocess.run([tools.helm(major), *arguments, "--namespace", SPACE, "--kubeconfig",
                               self.api.kubeconfig], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def pods(self):
        found = self.api.must("GET", f"/api/v1/namespaces/{SPACE}/pods?labelSelector=app.kubernetes.io/instance=relay")
        return {pod["metadata"]["name"]: pod for pod in found["items"]
                if "deletionTimestamp" not in pod["metadata"]}

    def ready(self):
        return [name for name, pod in self.pods().items() if any(
            one["type"] == "Ready" and one["status"] == "True" for one in pod["status"].get("conditions", []))]

    def cordon(self, is_off):
        for node in self.api.must("GET", "/api/v1/nodes")["items"]:
            self.api.must("PATCH", f"/api/v1/nodes/{node['metadata']['name']}", {"spec": {"unschedulable": is_off}},
                          content="application/merge-patch+json")

    def evict(self, name):
        return self.api.call("POST", f"/api/v1/namespaces/{SPACE}/pods/{name}/eviction", {
            "apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": SPACE}})[0]

    def test_strict_admission(self):
        for values in chart.VALUE_FILES:
            for one in yaml.safe_load_all(chart.template(values, operators=()).stdout):
                if not one or one["kind"] == "Pod":  # its ServiceAccount is not there yet; `helm test` runs it
                    continue
                version = one["apiVersion"]
                kind = PLURALS.get(one["kind"], one["kind"].lower() + "s")
                path = (f"/{'apis' if '/' in version else 'api'}/{version}/namespaces/{SPACE}/{kind}"
                        "?dryRun=All&fieldValidation=Strict")
                one["metadata"]["namespace"] = SPACE
                with self.subTest(values=values.name, kind=one["kind"], name=one["metadata"]["name"]):
                    self.api.must("POST", path, one)

    def test_life_of_a_release(self):
        self.helm("install", "relay", chart.CHART, "-f", VALUES, "--wait", "--timeout", "120s")
        self.assertEqual(len(self.ready()), ALL_PODS)
        before = set(self.pods())

        self.cordon(True)
        try:
            for role in chart.ROLES:
                first, second = sorted(name for name in before if f"-{role}-" in name)[:2]
                self.assertEqual((self.evict(first), self.evict(second)), (201, 429), role)
        finally:
            self.cordon(False)
        self.api.wait("the evicted pods' replacements", lambda: len(self.ready()) == ALL_PODS)

        old = {pod["metadata"]["uid"] for pod in self.pods().values()}
        self.helm("upgrade", "relay", chart.CHART, "-f", VALUES, "--set", "logLevel=debug", "--wait", "--timeout",
                  "180s")
        self.api.wait("a rollout that replaces all pods", lambda: len(self.ready()) == ALL_PODS and not old & {
            pod["metadata"]["uid"] for pod in self.pods().values()}, 120)
        self.helm("rollback", "relay", "1", "--wait", "--timeout", "180s")
        settings = self.api.must("GET", f"/api/v1/namespaces/{SPACE}/configmaps/relay-hikyaku-settings")
        self.assertIn('log_level = "info"', settings["data"]["hikyaku.conf"])
        self.assertIn("Succeeded", self.helm("test", "relay"))

        self.helm("uninstall", "relay", "--wait", "--timeout", "120s")
        self.api.wait("no pod left", lambda: not self.pods())
        left = self.api.must("GET", f"/api/v1/namespaces/{SPACE}/configmaps?labelSelector="
                             "app.kubernetes.io/instance=relay")["items"]
        self.assertEqual(left, [])


if __name__ == "__main__":
    unittest.main()
