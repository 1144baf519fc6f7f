# SPDX-License-Identifier: Apache-2.0
"""What the controllers of Kubernetes do with a Deployment, a StatefulSet and a Service, for kubelet-lite."""
import itertools
import time

from kit.process import wait_until

READY_S = 180
ENDPOINT_LAG_S = 1.0  # as slow as kube-proxy may be: a deleted pod is still given connections for so long


class Workload:
    """Its pods: those that are wanted, and all that ever were."""

    def __init__(self, manifest, host):
        self.name = manifest["metadata"]["name"]
        self.component = manifest["metadata"]["labels"]["app.kubernetes.io/component"]
        self.spec, self.host = manifest["spec"], host
        self.pods = []
        self.history = []

    def _add(self, name):
        pod = self.host.add(name, self.spec["template"]).start()
        self.pods.append(pod)
        self.history.append(pod)

    def _remove(self, pod):
        self.pods.remove(pod)
        pod.delete()

    def start(self):
        self.grow(self.spec["replicas"])
        return self

    def wait_available(self):
        for pod in list(self.pods):
            wait_until(lambda pod=pod: pod.is_available(self.spec.get("minReadySeconds", 0)), READY_S,
                       f"{pod.name} is ready")

    def wait_ended(self):
        for pod in self.history:
            if pod.deleted_at:
                grace_s = pod.spec["terminationGracePeriodSeconds"]
                assert pod.ended.wait(grace_s + 10), f"{pod.name} is still there"


def bound(strategy, name, replicas, is_up):
    """maxSurge or maxUnavailable; the default of both is 25 %, one rounded up, the other down."""
    value = strategy.get("rollingUpdate", {}).get(name)
    return value if value is not None else (replicas + 3) // 4 if is_up else replicas // 4


class Deployment(Workload):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.numbers = itertools.count(1)

    def grow(self, replicas):
        while len(self.pods) < replicas:
            self._add(f"{self.name}-{next(self.numbers)}")

    def roll(self):
        """New pods first, above the number that is wanted; or with strategy Recreate the old ones away first."""
        replicas = len(self.pods)
        strategy = self.spec.get("strategy", {})
        is_recreated = strategy.get("type") == "Recreate"
        surge = 0 if is_recreated else bound(strategy, "maxSurge", replicas, True)
        assert is_recreated or bound(strategy, "maxUnavailable", replicas, False) == 0, strategy
        old = list(self.pods)
        while old:
            self.grow(replicas + min(surge, len(old)))
            self.wait_available()
            for pod in old[:surge or replicas]:
                self._remove(pod)
            old = old[surge or replicas:]
        self.wait_ended()
        self.grow(replicas)
        self.wait_available()


class StatefulSet(Workload):
    def grow(self, replicas):
        """All at once: podManagementPolicy Parallel."""
        assert self.spec["podManagementPolicy"] == "Parallel"
        while len(self.pods) < replicas:
            self._add_number(len(self.pods))

    def _add_number(self, number):
        self._add(f"{self.name}-{number}")
        self.pods.sort(key=lambda pod: int(pod.name.rsplit("-", 1)[1]))

    def shrink(self, replicas):
        for pod in self.pods[replicas:]:
            self._remove(pod)
        self.wait_ended()

    def roll(self):
        """From the last to the first; each name is free only when its pod has ended."""
        for number in reversed(range(len(self.pods))):
            self._remove(self.pods[number])
            self.wait_ended()
            self._add_number(number)
            self.wait_available()


CONTROLLERS = {"Deployment": Deployment, "StatefulSet": StatefulSet}


class Endpoints:
    """The addresses behind a Service: its workload's ready pods."""

    def __init__(self, workload):
        self.workload = workload

    def addresses(self):
        now = time.monotonic()
        return [pod.address for pod in list(self.workload.history)
                if pod.is_ready and (pod.deleted_at is None or now - pod.deleted_at < ENDPOINT_LAG_S)]
