# SPDX-License-Identifier: Apache-2.0
"""Debian's Prometheus on loopback: scrapes the targets of a file, evaluates rules, answers."""
import json
import os
import pathlib
import sys
import urllib.parse
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))

from kit.ports import free_port  # noqa: E402 (the path comes first)
from kit.process import Process, wait_until  # noqa: E402


class Answers:
    """The HTTP API of a Prometheus that somebody runs."""

    def __init__(self, url):
        self.url = url.rstrip("/")

    def get(self, path, **parameters):
        address = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(address, timeout=30) as answer:
            return json.load(answer)["data"]

    def instant(self, query):
        """[(labels, value)] now."""
        return [(one["metric"], float(one["value"][1])) for one in self.get("query", query=query)["result"]]

    def value(self, query):
        """Of the only series; None where there is none."""
        found = self.instant(query)
        assert len(found) <= 1, f"{query}: {len(found)} series"
        return found[0][1] if found else None

    def series(self, query, start, end, step_s):
        """[(labels, [(time, value)])]; times in seconds."""
        result = self.get("query_range", query=query, start=start, end=end, step=step_s)["result"]
        return [(one["metric"], [(at, float(value)) for at, value in one["values"]]) for one in result]

    def alert_state(self, name):
        """inactive, pending or firing."""
        return next(rule["state"] for rule in self.rules() if rule["name"] == name)

    def rules(self):
        return [rule for group in self.get("rules")["groups"] for rule in group["rules"]]

    def unhealthy_targets(self):
        return [(target["labels"], target["lastError"]) for target in self.get("targets")["activeTargets"]
                if target["health"] != "up"]


class Prometheus(Answers):
    """targets: a file for file_sd_configs (read again when it changes), or what it would hold:
    [{"targets": [address], "labels": {...}}]. rules: as in a rule file."""

    def __init__(self, folder, targets, rules, scrape_s=1):
        self.port = free_port()
        super().__init__(f"http://127.0.0.1:{self.port}")
        self.scrape_s = scrape_s
        own = os.path.join(folder, "prometheus")
        os.makedirs(own)
        if isinstance(targets, list):
            path = pathlib.Path(own, "targets.json")
            path.write_text(json.dumps(targets))
            targets = path
        for name, content in (("rules.yaml", rules), ("prometheus.yaml", self._configuration(targets))):
            pathlib.Path(own, name).write_text(json.dumps(content))  # JSON is YAML
        self.process = Process("prometheus", [
            "prometheus", f"--config.file={own}/prometheus.yaml", f"--storage.tsdb.path={own}/data",
            f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=warn"], folder)

    def _configuration(self, targets):
        interval = f"{self.scrape_s}s"
        return {"global": {"scrape_interval": interval, "evaluation_interval": interval},
                "rule_files": ["rules.yaml"],
                "scrape_configs": [{"job_name": "pods", "honor_labels": False,
                                    "file_sd_configs": [{"files": [os.path.abspath(targets)]}]}]}

    def is_ready(self):
        assert self.process.is_running(), self.process.tail()
        try:
            with urllib.request.urlopen(self.url + "/-/ready", timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False

    def __enter__(self):
        self.process.start()
        wait_until(self.is_ready, 30, "Prometheus is ready")
        return self

    def __exit__(self, *_):
        self.process.stop(30)
