# SPDX-License-Identifier: Apache-2.0
"""A release of the chart: everything that it renders and that runs, on real Kafka and Redis."""
import json
import pathlib
import shutil
import subprocess

import yaml

import chart
from kit.certificate import Certificate
from kit.cluster import ROLES, build_folder

from confinement import check_confined
from controllers import CONTROLLERS, Endpoints
from kubelet import Host
from scrape import OPS_PORT, series_of
from targets import Targets
from traffic import client_tls
from values import secrets, values
from volumes import Objects

PROGRAMS = ("hikyakuctl", *(f"hikyaku-{role}" for role in ROLES))


def image(folder):
    """A copy: the build may go on meanwhile, and its folder may be closed to the user of the pods."""
    programs = folder / "image"
    programs.mkdir()
    for name in PROGRAMS:
        shutil.copy(build_folder() / name, programs)
    return programs


class Release:
    def __init__(self, folder, broker, redis, destination):
        self.folder = pathlib.Path(folder)
        self.broker, self.redis, self.destination = broker, redis, destination
        path = self.folder / "values.yaml"
        path.write_text(yaml.safe_dump(values(broker, redis, destination)))
        self.rendered = chart.objects(path)
        config_maps = {one["metadata"]["name"]: one["data"] for one in self._of_kind("ConfigMap")}
        certificate = Certificate(folder)
        self.tls = client_tls(certificate)
        self.targets = Targets(self.folder / "targets.json", self._of_kind("PodMonitor")[0])
        self.host = Host(folder, image(self.folder), Objects(config_maps, secrets(folder, certificate)),
                         lambda: self.targets.write(self.host.pods))
        self.targets.write([])
        self.workloads = {}

    def _of_kind(self, *kinds):
        return [one for one in self.rendered if one["kind"] in kinds]

    def install(self):
        """As Helm does it: the hook, then the rest."""
        for job in self._of_kind("Job"):
            pod = self.host.add(job["metadata"]["name"], job["spec"]["template"])
            assert pod.run_to_end(job["spec"]["activeDeadlineSeconds"]) == 0, pod.log_path.read_text()
        for one in self._of_kind(*CONTROLLERS):
            workload = CONTROLLERS[one["kind"]](one, self.host).start()
            self.workloads[workload.component] = workload
        for workload in self.workloads.values():
            workload.wait_available()
        self.endpoints = Endpoints(self.workloads["ingress"])
        for pod in self.pods():
            check_confined(pod)

    def pods(self):
        return [pod for workload in self.workloads.values() for pod in list(workload.pods)]

    def all_pods(self):
        return [pod for workload in self.workloads.values() for pod in workload.history]

    def drains(self):
        return [pod.drain_s for pod in self.all_pods() if pod.drain_s is not None]

    def live_audit(self):
        """(open mails, drift), as the chart's auditor tells Prometheus."""
        series = series_of(self.workloads["auditor"].pods[0].address, OPS_PORT)
        return series.get("hikyaku_open_mails"), series.get("hikyaku_balance_drift")

    def audit(self):
        """By a reader that begins at the beginning."""
        settings = self.workloads["auditor"].pods[0].folder / "settings" / "hikyaku.conf"
        done = subprocess.run([self.host.programs / "hikyakuctl", "audit", "--json", "-c", settings],
                              capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode in (0, 1) and done.stdout, done.stderr
        return json.loads(done.stdout)

    def uninstall(self):
        """Every pod ends with 0 within its grace period."""
        pods = self.pods()
        for pod in pods:
            pod.delete()
        for pod in pods:
            assert pod.ended.wait(pod.spec["terminationGracePeriodSeconds"] + 10), f"{pod.name} is still there"
        bad = [(pod.name, pod.exit_status) for pod in self.all_pods() if pod.exit_status != 0]
        assert not bad, f"did not end with 0 within the grace period: {bad}"

    def stop(self):
        self.host.stop()
