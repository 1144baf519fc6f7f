# SPDX-License-Identifier: Apache-2.0
"""What every rendered pod and workload must have, whatever the values say (ops checklist: 4 to 20)."""
import ipaddress
import re
import unittest

import yaml

import chart


def wait_before_end(hook):
    """Seconds that a preStop hook waits: by itself since Kubernetes 1.30, before by a command."""
    if not hook:
        return 0
    if "sleep" in hook:
        return hook["sleep"]["seconds"]
    program, verb, seconds = hook["exec"]["command"]
    assert (program, verb) == ("hikyakuctl", "sleep"), hook
    return int(seconds)


class Pods(chart.Case):
    def each(self, ours=None, kube_version="1.34.0"):
        for values in chart.VALUE_FILES:
            for name, spec, labels in chart.pods(values, kube_version):
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
            if labels["app.kubernetes.io/component"] in ("topics", "test"):
                continue
            paths = {"startupProbe": "/startupz", "readinessProbe": "/readyz", "livenessProbe": "/livez"}
            if name.startswith("diagnostic:"):
                paths = {"readinessProbe": "/readyz"}
                self.assertNotIn("livenessProbe", container)
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
        for version in chart.KUBE_VERSIONS:
            waits = [self.check_grace(spec) for _, spec, labels in self.each(ours=True, kube_version=version)
                     if labels["app.kubernetes.io/component"] in (*chart.ROLES, chart.AUDITOR)
                     and "args" in spec["containers"][0]]  # none in diagnosticMode
            self.assertGreater(max(waits), 0, version)

    def check_grace(self, spec):
        """The seconds before SIGTERM, which count into the grace."""
        [container] = spec["containers"]
        drain = int(re.search(r"service\.drain_s=(\d+)", " ".join(container["args"]))[1])
        wait = wait_before_end(container.get("lifecycle", {}).get("preStop"))
        self.assertGreaterEqual(spec["terminationGracePeriodSeconds"], drain + wait + 10)
        return wait

    def test_writes_only_tmp(self):
        for _, container, _ in self.each_container(ours=True):
            for mount in container.get("volumeMounts", []):
                self.assertTrue(mount["mountPath"] == "/tmp" or mount["readOnly"])

    def test_no_secret_in_plain_sight(self):
        """Credentials are files: nothing of them in the environment, in arguments or in a ConfigMap."""
        for _, container, _ in self.each_container():
            self.assertFalse(re.search("secretKeyRef|secretRef", str(container.get("env", []))
                                       + str(container.get("envFrom", []))))
        for _, container, _ in self.each_container(ours=True):
            self.assertNotRegex(" ".join(container.get("args", [])), "password|username")
        for values in chart.VALUE_FILES:
            self.assertFalse(chart.of_kind(values, "Secret"), "secrets are never made by the chart")
            for one in chart.of_kind(values, "ConfigMap"):
                self.assertNotRegex(one.get("data", {}).get("hikyaku.conf", ""), r"password ?= ?(?!/)")

    def test_credentials_are_mounted(self):
        """Every file that the settings name is in a Secret of the pod, as a whole folder: a subPath would never change."""
        files = chart.of_kind(chart.CHART / "ci/tls-sasl.yaml", "ConfigMap")
        [text] = {one["data"]["hikyaku.conf"] for one in files if "hikyaku.conf" in one.get("data", {})}
        wanted = set(re.findall(r"(/etc/hikyaku/(?:kafka|redis)[\w-]*)/", text))
        self.assertEqual(len(wanted), 4)
        for name, spec, labels in chart.pods(chart.CHART / "ci/tls-sasl.yaml"):
            if chart.is_ours(labels) and "volumes" in spec:
                secrets = {volume["name"] for volume in spec["volumes"] if "secret" in volume}
                mounts = {mount["mountPath"]: mount for mount in spec["containers"][0]["volumeMounts"]}
                for path in wanted:
                    self.assertIn(mounts[path]["name"], secrets, name)
                    self.assertNotIn("subPath", mounts[path])


class Workloads(chart.Case):
    def each(self):
        for values in chart.VALUE_FILES:
            for one in chart.of_kind(values, *chart.WORKLOADS):
                role = one["metadata"]["labels"]["app.kubernetes.io/component"]
                if role in (*chart.ROLES, chart.AUDITOR):
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

    def test_recommended_labels(self):
        wanted = {f"app.kubernetes.io/{name}" for name in ("name", "instance", "version", "part-of", "managed-by")}
        for values in chart.VALUE_FILES:
            for one in chart.objects(values):
                labels = one["metadata"].get("labels", {})
                if labels or values.stem != "settings":  # extraDeploy has the user's own
                    self.at = f"{values.name}: {one['kind']}/{one['metadata']['name']}"
                    self.assertLessEqual(wanted | {"helm.sh/chart"}, set(labels))

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
            if values.stem == "off" or role == chart.AUDITOR:
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
            arguments = one["spec"]["template"]["spec"]["containers"][0].get("args")
            if not arguments:  # diagnosticMode
                continue
            self.assertEqual('log.instance_id="$(POD_NAME)"' in arguments, role == "sender")

    def test_rollout(self):
        for _, role, one in self.each():
            self.assertRegex(one["spec"]["template"]["metadata"]["annotations"]["checksum/bootstrap"],
                             r"^[0-9a-f]{64}$")
            if role == "ingress":
                self.assertEqual(one["spec"]["strategy"]["rollingUpdate"], {"maxSurge": 1, "maxUnavailable": 0})

    def test_only_bootstrap_settings_restart_pods(self):
        """What a running process takes over, by the programs' own word (docs/settings.md), and nothing else."""
        reference = (chart.ROOT / "docs/settings.md").read_text()
        live = {section.split()[0] for section in re.split(r"^## ", reference, flags=re.M)[1:] if " Live: " in section}
        [omitted] = re.findall(r"omit \$file ([^)]+)\)", (chart.CHART / "templates/_settings.tpl").read_text())
        self.assertEqual(live, set(re.findall(r"\w+", omitted)))
        changes = {
            "settings.configurations[0].received=remove_all": False,
            "settings.sending_domains[0].domain=a.example,settings.sending_domains[0].rewrite=b@c.example": False,
            "settings.bounces.receive_domains[0]=b.example": False,
            "settings.forwarding_rules[0].recipient=a@b.example,settings.forwarding_rules[0].to=c@d.example": False,
            "settings.configurations[0].retry.period_s=90000": True,  # the log was opened for the longest
            "settings.configurations[0].name=a,settings.configurations[0].retry.period_s=3600": False,  # beside "default"
            "settings.configurations[0].name=a,settings.configurations[0].retry.period_s=90000": True,
            "settings.sender.connections_max=77": True,
            "externalRedis.nodes=redis:6379": True,
        }
        before = self.checksums("")
        for change, restarts in changes.items():
            self.at = change
            self.assertEqual(self.checksums(change) != before, restarts)

    def checksums(self, change):
        done = chart.template(chart.CHART / "ci/default.yaml", sets=change)
        self.assertEqual(done.returncode, 0, done.stderr)
        return set(re.findall(r"checksum/bootstrap: (\w+)", done.stdout))

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
            self.assertLessEqual(set(re.findall(r"\$\((\w+)\)", " ".join(container.get("args", [])))), known)


class Network(chart.Case):
    def policies(self, values):
        return {one["metadata"]["labels"]["app.kubernetes.io/component"]: one["spec"]
                for one in chart.of_kind(values, "NetworkPolicy")}

    def test_each_role_has_one(self):
        for values in chart.VALUE_FILES:
            expected = {*chart.ROLES, chart.AUDITOR, "topics", "test"} | ({"kafka", "redis"} if values.stem == "quickstart" else set())
            if values.stem == "off":
                expected = set()
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
                for rule in policy.get("ingress", []):
                    if 9090 in [port["port"] for port in rule["ports"]]:
                        monitoring, tests = rule["from"]
                        self.assertEqual(list(monitoring), ["namespaceSelector"])
                        self.assertEqual(tests["podSelector"]["matchLabels"]["app.kubernetes.io/component"], "test")

    def test_quickstart_is_for_its_release_only(self):
        policies = self.policies(chart.CHART / "ci/quickstart.yaml")
        for role, port in (("kafka", 9092), ("redis", 6379)):
            [rule] = policies[role]["ingress"]
            self.assertEqual([one["port"] for one in rule["ports"]], [port])
            [peer] = rule["from"]
            self.assertEqual(set(peer["podSelector"]["matchLabels"]),
                             {"app.kubernetes.io/name", "app.kubernetes.io/instance"})
            self.assertEqual([one["port"] for rule in policies[role]["egress"] for one in rule["ports"]], [53, 53])


    def test_proxy_ports_only_for_trusted_proxies(self):
        """Whoever reaches such a port may claim to be any client."""
        seen = 0
        for values in chart.VALUE_FILES:
            listeners = yaml.safe_load(values.read_text()).get("listeners") or []
            trusted = {one["port"]: {str(ipaddress.ip_network(network)) for network in one["settings"]["proxy_trusted"]}
                       for one in listeners if (one.get("settings") or {}).get("proxy")}
            for rule in self.policies(values).get("ingress", {}).get("ingress", []):
                for port in {port["port"] for port in rule["ports"]} & set(trusted):
                    self.assertEqual({peer["ipBlock"]["cidr"] for peer in rule["from"]}, trusted[port], values.name)
                    self.assertEqual(len(rule["ports"]), 1)
                    seen += 1
        self.assertGreaterEqual(seen, 1)

    def test_notes_warn_of_proxies(self):
        done = chart.run("4", "install", "relay", chart.CHART, "-f", chart.CHART / "ci/proxy.yaml",
                         "--dry-run=client")
        self.assertIn("believes the PROXY headers of 10.1.2.0/24, 10.1.3.4, 2001:db8::/64", done.stdout, done.stderr)


class Tests(chart.Case):
    """What `helm test` runs."""

    def commands(self, values):
        return {container["name"]: container["args"] for _, spec, labels in chart.pods(values)
                for container in spec["containers"] if labels["app.kubernetes.io/component"] == "test"}

    def test_hello_or_mail(self):
        self.assertEqual(self.commands(chart.CHART / "ci/default.yaml"),
                         {"test-ops": ["metrics", "--address", "relay-hikyaku-sender:9090"],
                          "test-smtp": ["send", "--address", "relay-hikyaku:25"]})
        self.assertEqual(self.commands(chart.CHART / "ci/strimzi.yaml")["test-smtp"],
                         ["send", "--address", "relay-hikyaku:25", "--to", "someone@example.com", "--sender",
                          "relay-test@example.com"])

    def test_they_reach_services(self):
        for values in chart.VALUE_FILES:
            services = {one["metadata"]["name"]: {port["port"] for port in one["spec"]["ports"]}
                        for one in chart.of_kind(values, "Service")}
            for name, words in self.commands(values).items():
                host, port = words[words.index("--address") + 1].split(":")
                self.assertIn(int(port), services[host], f"{values.name}: {name}")


class Auditor(chart.Case):
    """It looks on: one pod, read access to Kafka, nothing else."""

    def workloads(self, values):
        return [one for one in chart.of_kind(values, "Deployment")
                if one["metadata"]["labels"]["app.kubernetes.io/component"] == chart.AUDITOR]

    def test_one_by_default(self):
        for values in chart.VALUE_FILES:
            workloads = self.workloads(values)
            self.assertEqual(len(workloads), int(values.stem != "off"), values.name)
            for one in workloads:
                self.assertEqual((one["spec"]["replicas"], one["spec"]["strategy"]), (1, {"type": "Recreate"}))

    def test_command(self):
        [one] = self.workloads(chart.CHART / "ci/default.yaml")
        [container] = one["spec"]["template"]["spec"]["containers"]
        self.assertEqual(container["command"], ["hikyakuctl", "audit", "--follow"])
        self.assertEqual(container["args"][:2], ["--config", "/etc/hikyaku/settings/hikyaku.conf"])

    def test_reaches_dns_and_kafka_only(self):
        [policy] = [one["spec"] for one in chart.of_kind(chart.CHART / "ci/default.yaml", "NetworkPolicy")
                    if one["metadata"]["labels"]["app.kubernetes.io/component"] == chart.AUDITOR]
        self.assertEqual([port["port"] for rule in policy["egress"] for port in rule["ports"]], [53, 53, 9092])
        self.assertEqual([port["port"] for rule in policy["ingress"] for port in rule["ports"]], [9090])


class Operators(chart.Case):
    def test_monitors_agree(self):
        """Both ways of scraping find the same: the ops port, the component, labels of the target itself."""
        [pods] = chart.of_kind(chart.CHART / "ci/monitoring.yaml", "PodMonitor")
        [services] = chart.of_kind(chart.CHART / "ci/strimzi.yaml", "ServiceMonitor")
        self.assertEqual(pods["spec"]["podTargetLabels"], services["spec"]["podTargetLabels"])
        self.assertEqual({**pods["spec"]["podMetricsEndpoints"][0], "interval": "30s"}, services["spec"]["endpoints"][0])
        [ops] = [one for one in chart.of_kind(chart.CHART / "ci/strimzi.yaml", "Service")
                 if services["spec"]["selector"]["matchLabels"].items() <= one["metadata"]["labels"].items()]
        self.assertNotIn("app.kubernetes.io/component", ops["spec"]["selector"], "the pods of all roles")

    def test_runbook_urls(self):
        for name, form in (("monitoring", r"^https://hikyaku\.example/runbooks/[a-z-]+$"),
                           ("strimzi", r"^https://wiki\.example/mail/[a-z-]+\.md$")):
            [rules] = chart.of_kind(chart.CHART / f"ci/{name}.yaml", "PrometheusRule")
            urls = [rule["annotations"]["runbook_url"] for group in rules["spec"]["groups"] for rule in group["rules"]
                    if "alert" in rule]
            self.assertGreater(len(urls), 10)
            for url in urls:
                self.assertRegex(url, form)

    def test_topics_stay(self):
        topics = chart.of_kind(chart.CHART / "ci/strimzi.yaml", "KafkaTopic")
        self.assertEqual(len(topics), 7)
        for one in topics:
            self.assertEqual(one["metadata"]["annotations"]["helm.sh/resource-policy"], "keep")
            self.assertEqual(one["metadata"]["labels"]["strimzi.io/cluster"], "main")
            self.assertEqual(one["metadata"]["namespace"], "kafka")


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

    def test_keda_login(self):
        """KEDA logs in with the Secrets that the pods mount, unless a TriggerAuthentication is named, which says it all."""
        values = chart.CHART / "ci/keda-login.yaml"
        [login] = chart.of_kind(values, "TriggerAuthentication")
        self.assertEqual({one["parameter"]: (one["name"], one["key"]) for one in login["spec"]["secretTargetRef"]}, {
            "ca": ("kafka-tls", "ca.crt"), "cert": ("kafka-tls", "tls.crt"), "key": ("kafka-tls", "tls.key"),
            "username": ("kafka-login", "user"), "password": ("kafka-login", "password")})
        triggers = [one["spec"]["triggers"][0] for one in chart.of_kind(values, "ScaledObject")]
        self.assertEqual([(one["authenticationRef"]["name"], one["metadata"]["tls"], one["metadata"]["sasl"])
                          for one in triggers], [(login["metadata"]["name"], "enable", "scram_sha512")] * 2)
        done = chart.template(values, sets="keda.kafkaAuthentication=own")
        self.assertNotRegex(done.stdout, "kind: TriggerAuthentication|sasl: |tls: enable")
        self.assertEqual(done.stdout.count("name: own\n"), 2)


if __name__ == "__main__":
    unittest.main()
