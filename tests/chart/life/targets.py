# SPDX-License-Identifier: Apache-2.0
"""targets.json in the folder of a run: where to scrape its pods, for file_sd_configs of a Prometheus.

  [{"targets": ["127.70.3.1:9090"], "labels": {"namespace": "mail", "pod": "relay-hikyaku-sender-0", ...}}, ...]

One entry per pod that the chart's PodMonitor selects, from its start until it has ended; path /metrics. The labels are
those which the operator of Prometheus would give it: namespace, pod, container, endpoint, job (NAMESPACE/PODMONITOR) and
app_kubernetes_io_component. The file is there before the first pod has started, and is replaced whole at each change."""
import json
import threading


class Targets:
    def __init__(self, path, pod_monitor):
        self.path = path
        self.name = f"{pod_monitor['metadata']['namespace']}/{pod_monitor['metadata']['name']}"
        self.namespace = pod_monitor["metadata"]["namespace"]
        self.selected = pod_monitor["spec"]["selector"]["matchLabels"].items()
        self.copied = pod_monitor["spec"]["podTargetLabels"]
        self.endpoint, = pod_monitor["spec"]["podMetricsEndpoints"]
        self.lock = threading.Lock()

    def _entry(self, pod):
        ports = {port["name"]: port["containerPort"] for port in pod.container.get("ports", [])}
        if pod.ended.is_set() or self.endpoint["port"] not in ports or not self.selected <= pod.labels.items():
            return []
        labels = {"namespace": self.namespace, "pod": pod.name, "container": pod.container["name"],
                  "endpoint": self.endpoint["port"], "job": self.name}
        labels |= {name.replace(".", "_").replace("/", "_"): pod.labels[name] for name in self.copied}
        return [{"targets": [f"{pod.address}:{ports[self.endpoint['port']]}"], "labels": labels}]

    def write(self, pods):
        with self.lock:
            entries = [entry for pod in list(pods) for entry in self._entry(pod)]
            partial = self.path.with_suffix(".new")
            partial.write_text(json.dumps(entries, indent=1) + "\n")
            partial.rename(self.path)
