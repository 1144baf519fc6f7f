# SPDX-License-Identifier: Apache-2.0
"""What every rendered pod and workload must have, whatever the values say (ops checklist: 4 to 20)."""
import re
import unittest

import chart


class Pods(chart.Case):
    def each(self, ours=None):
        for values in chart.VALUE_FILES:
            for name, spec, labels in chart.pods(values):
                if ours is None or ours == chart.is_ours(labels):
                    self.at = name
                    yield name, spec, labels

    def each_container(self, ours=None):
        for name, spec, labels in self.each(ours):
            for container in spec.get("initContainers", []) + spec["containers"]:
                yield name, container, labels

    def test_restricted(self):
        for _, spec, _ in self.each():
            security = spec["securityContext"]
            self.assertIs(security["runAsNonRoot"], True)
            self.assertGreater(security["runAsUser"], 0)
            self.assertEqual(security["seccompProfile"], {"type": "RuntimeDefault"})
            self.assertFalse(any("hostPath" in volume for volume in spec.get("volumes", [])))
            self.assertFalse(spec.get("hostPID") or spec.get("hostIPC"))

    def test_restricted_containers(self):
        for _, container, _ in self.each_container():
            security = container["securityContext"]
            self.assertIs(security["allowPrivilegeEscalation"], False)
            self.assertEqual(security["capabilities"], {"drop": ["ALL"]})
            self.assertIs(security.get("privileged", False), False)
            self.assertFalse(any("hostPort" in port for port in container.get("ports", [])))

    def test_read_only_root(self):
        for name, container, _ in self.each_container():
            is_kafka = container["name"] == "kafka"
            self.assertIs(container["securityContext"]["readOnlyRootFilesystem"], not is_kafka, name)

    def test_no_token(self):
        for _, spec, _ in self.each():
            self.assertIs(spec["automountServiceAccountToken"], False)

    def test_resources(self):
        for _, container, _ in self.each_container():
            resources = container["resources"]
            self.assertIn("memory", resources["limits"])
            self.assertNotIn("cpu", resources["limits"], "a limit of processor time makes probes fail under load")
            self.assertLessEqual({"cpu", "memory"}, resources["requests"].keys())

    def test_images(self):
        for _, container, _ in self.each_container():
            self.assertRegex(container["image"], r"(:[\w.-]+|@sha256:[0-9a-f]{64})$")
            self.assertFalse(container["image"].endswith(":latest"))

    def test_probes(self):
        for name, container, labels in self.each_container():
            if labels["app.kubernetes.io/component"] == "topics":
                continue
            paths = {"startupProbe": "/startupz", "readinessProbe": "/readyz", "livenessProbe": "/livez"}
            for probe, path in paths.items():
                if chart.is_ours(labels):
                    self.assertEqual(container[probe]["httpGet"], {"path": path, "port": "ops"}, name)
                else:
                    self.assertIn("tcpSocket", container[probe], name)

    def test_no_shell(self):
        for _, container, _ in self.each_container(ours=True):
            self.assertRegex(container["command"][0], r"^hikyaku(ctl|-\w+)$")
            self.assertNotIn("exec", str(container.get("lifecycle")))

    def test_grace_covers_drain(self):
        for _, spec, labels in self.each(ours=True):
            if labels["app.kubernetes.io/component"] not in chart.ROLES:
                continue
            [container] = spec["containers"]
            drain = int(re.search(r"service\.drain_s=(\d+)", " ".join(container["args"]))[1])
            wait = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
            self.assertGreaterEqual(spec["terminationGracePeriodSeconds"], drain + wait + 10)

    def test_writes_only_tmp(self):
        for _, container, _ in self.each_container(ours=True):
            for mount in container["volumeMounts"]:
                self.assertTrue(mount["mountPath"] == "/tmp" or mount["readOnly"])

    def test_no_secret_in_plain_sight(self):
        for name, container, _ in self.each_container():
            for variable in container.get("env", []):
                if re.search("PASSWORD|SECRET|USERNAME", variable["name"]):
                    self.assertIn("secretKeyRef", variable["valueFrom"], name)
        for values in chart.VALUE_FILES:
            self.assertFalse(chart.of_kind(values, "Secret"), "secrets are never made by the chart")


class Workloads(chart.Case):
    def each(self):
        for values in chart.VALUE_FILES:
            for one in chart.of_kind(values, *chart.WORKLOADS):
                role = one["metadata"]["labels"]["app.kubernetes.io/component"]
                if role in chart.ROLES:
                    self.at = f"{values.name}: {role}"
                    yield values, role, one

    def test_all_there(self):
        for values in chart.VALUE_FILES:
            kinds = {one["metadata"]["labels"]["app.kubernetes.io/component"]: one["kind"]
                     for one in chart.of_kind(values, *chart.WORKLOADS)}
            self.assertEqual({role: kinds.get(role) for role in chart.ROLES},
                             {"ingress": "Deployment", "scheduler": "Deployment", "sender": "StatefulSet",
                              "bouncer": "Deployment"})

    def test_selectors(self):
        for values, _, one in self.each():
            labels = one["spec"]["template"]["metadata"]["labels"]
            selector = one["spec"]["selector"]["matchLabels"]
            self.assertLessEqual(selector.items(), labels.items())
            self.assertEqual(set(selector), {"app.kubernetes.io/name", "app.kubernetes.io/instance",
                                             "app.kubernetes.io/component"}, "selectors can never change")

    def selected(self, values, selector):
        return [labels for _, _, labels in chart.pods(values) if selector.items() <= labels.items()]

    def test_everything_selects_somebody(self):
        for values in chart.VALUE_FILES:
            for one in chart.objects(values):
                spec = one.get("spec", {})
                selector = {"Service": lambda: spec["selector"],
                            "PodDisruptionBudget": lambda: spec["selector"]["matchLabels"],
                            "PodMonitor": lambda: spec["selector"]["matchLabels"],
                            "NetworkPolicy": lambda: spec["podSelector"]["matchLabels"]}.get(one["kind"])
                if selector and not (values.stem == "off" or one["metadata"]["name"].endswith("-topics")):
                    with self.subTest(values=values.name, kind=one["kind"], name=one["metadata"]["name"]):
                        self.assertTrue(self.selected(values, selector()))

    def test_budgets(self):
        for values, role, _ in self.each():
            budgets = [one["spec"] for one in chart.of_kind(values, "PodDisruptionBudget")
                       if one["spec"]["selector"]["matchLabels"]["app.kubernetes.io/component"] == role]
            if values.stem == "off":
                self.assertEqual(budgets, [])
                continue
            self.assertEqual([(b["maxUnavailable"], b["unhealthyPodEvictionPolicy"]) for b in budgets],
                             [(1, "AlwaysAllow")])

    def test_service_ports(self):
        for values in chart.VALUE_FILES:
            names = {port["name"] for name, spec, labels in chart.pods(values)
                     for port in spec["containers"][0].get("ports", [])}
            for service in chart.of_kind(values, "Service"):
                for port in service["spec"]["ports"]:
                    self.assertIn(port["targetPort"], names)
                if service["spec"].get("type") in ("LoadBalancer", "NodePort"):
                    self.assertEqual(service["spec"]["externalTrafficPolicy"], "Local")

    def test_sender_is_a_static_member(self):
        for _, role, one in self.each():
            arguments = one["spec"]["template"]["spec"]["containers"][0]["args"]
            self.assertEqual('log.instance_id="$(POD_NAME)"' in arguments, role == "sender")

    def test_rollout(self):
        for _, role, one in self.each():
            self.assertRegex(one["spec"]["template"]["metadata"]["annotations"]["checksum/bootstrap"],
                             r"^[0-9a-f]{64}$")
            if role == "ingress":
                self.assertEqual(one["spec"]["strategy"]["rollingUpdate"], {"maxSurge": 1, "maxUnavailable": 0})

    def test_spread(self):
        for _, _, one in self.each():
            spec = one["spec"]["template"]["spec"]
            keys = [rule["topologyKey"] for rule in spec["topologySpreadConstraints"]]
            self.assertEqual(keys, ["topology.kubernetes.io/zone", "kubernetes.io/hostname"])
            self.assertIn("podAntiAffinity", spec["affinity"])

    def test_variables_are_defined(self):
        for values, _, one in self.each():
            container = one["spec"]["template"]["spec"]["containers"][0]
            known = {variable["name"] for variable in container["env"]}
            known |= {f"{service['metadata']['name'].upper().replace('-', '_')}_SERVICE_HOST"
                      for service in chart.of_kind(values, "Service")}
            self.assertLessEqual(set(re.findall(r"\$\((\w+)\)", " ".join(container["args"]))), known)


class Network(chart.Case):
    def policies(self, values):
        return {one["metadata"]["labels"]["app.kubernetes.io/component"]: one["spec"]
                for one in chart.of_kind(values, "NetworkPolicy")}

    def test_each_role_has_one(self):
        for values in chart.VALUE_FILES:
            expected = set() if values.stem == "off" else {*chart.ROLES, "topics"}
            self.assertEqual(set(self.policies(values)), expected, values.name)

    def test_senders_stay_outside(self):
        for values in chart.VALUE_FILES:
            for role, policy in self.policies(values).items():
                blocks = [peer["ipBlock"] for rule in policy["egress"] for peer in rule.get("to", [])
                          if peer.get("ipBlock", {}).get("cidr") == "0.0.0.0/0"]
                self.assertEqual(len(blocks), int(role == "sender"))
                for block in blocks:
                    self.assertLessEqual({"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10",
                                          "127.0.0.0/8", "169.254.0.0/16"}, set(block["except"]))

    def test_ops_port_only_for_monitoring(self):
        for values in chart.VALUE_FILES:
            for policy in self.policies(values).values():
                for rule in policy["ingress"]:
                    if 9090 in [port["port"] for port in rule["ports"]]:
                        [peer] = rule["from"]
                        self.assertEqual(list(peer), ["namespaceSelector"])


class Scaling(chart.Case):
    def test_scaler_or_replicas(self):
        for values in chart.VALUE_FILES:
            scaled = {one["spec"]["scaleTargetRef"]["name"]
                      for one in chart.of_kind(values, "ScaledObject", "HorizontalPodAutoscaler")}
            for one in chart.of_kind(values, *chart.WORKLOADS):
                name = one["metadata"]["name"]
                self.assertNotEqual("replicas" in one["spec"], name in scaled, f"{values.name}: {name}")

    def test_keda(self):
        objects = chart.of_kind(chart.CHART / "ci/keda.yaml", "ScaledObject")
        self.assertEqual(len(objects), 2)
        for one in objects:
            self.assertGreaterEqual(one["spec"]["minReplicaCount"], 2)
            for trigger in one["spec"]["triggers"]:
                for name, value in trigger["metadata"].items():
                    self.assertIsInstance(value, str, name)
                if trigger["type"] == "kafka":
                    role = one["metadata"]["labels"]["app.kubernetes.io/component"]
                    self.assertEqual(trigger["metadata"]["consumerGroup"], f"mail.{role}")


if __name__ == "__main__":
    unittest.main()
