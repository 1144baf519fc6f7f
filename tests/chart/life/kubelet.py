# SPDX-License-Identifier: Apache-2.0
"""kubelet-lite: the life of pods of one container as a kubelet would have it. Start, probes, restarts with back-off,
preStop, SIGTERM, grace, SIGKILL. A pod's address is one of 127.0.0.0/8, and stands for the 0.0.0.0 of its settings.
Needs root, to become the user that a pod asks for, and bubblewrap."""
import os
import pathlib
import signal
import threading
import time

from probe import probes_of
from sandbox import Container, bubblewrap, security_of
from volumes import expanded, mounts_of, variables_of

TICK_S = 0.1
BACKOFF_S = 10  # from the second restart on, doubled each time


class Pod:
    """It lives in a thread of its own from start() until delete() has come to its end."""

    def __init__(self, name, template, address, host):
        self.name, self.address, self.host = name, address, host
        self.labels, self.spec = template["metadata"]["labels"], template["spec"]
        self.container, = self.spec["containers"]
        self.folder = host.folder / f"{name}@{address}"  # a StatefulSet gives a name again
        self.running = None
        self.is_ready = False
        self.ready_at = None
        self.restarts = 0
        self.failed_probes = []  # kinds; of a pod that was ready, or alive
        self.deleted_at = self.drain_s = self.exit_status = None
        self.was_killed_after_grace = False
        self._deletion = threading.Event()
        self.ended = threading.Event()

    @property
    def log_path(self):
        return self.host.folder / f"{self.name}.log"

    def _start_container(self):
        variables = variables_of(self.container, {"metadata.name": self.name})
        mounts = mounts_of(self.spec, self.container, self.host.objects, self.folder,
                           lambda text: text.replace('"0.0.0.0', f'"{self.address}'))
        words = expanded([*self.container["command"], *self.container["args"]], variables)
        command = [*bubblewrap(self.name, self.host.programs, mounts), "--", *words]
        self.running = Container(command, variables, security_of(self.spec, self.container), self.log_path)

    def start(self):
        threading.Thread(target=self._live, daemon=True).start()
        return self

    def run_to_end(self, seconds):
        """For a Job: the exit status."""
        self._start_container()
        status = self.running.wait(seconds)
        self.ended.set()
        return status

    def _live(self):
        while not self._deletion.is_set():
            self._start_container()
            self._watch()
            if not self._deletion.is_set():
                self._set_ready(False)
                self.restarts += 1
                self._deletion.wait(BACKOFF_S * 2 ** (self.restarts - 2) if self.restarts > 1 else 0)
        self._terminate()
        self._set_ready(False)
        self.ended.set()
        self.host.on_change()

    def _set_ready(self, is_ready):
        self.ready_at = (self.ready_at or time.monotonic()) if is_ready else None
        self.is_ready = is_ready

    def _watch(self):
        """Until the container has ended, by itself or by a probe, or the pod is deleted."""
        startup, others = probes_of(self.container, self.address)
        is_started = startup is None
        while self.running.is_running() and not self._deletion.wait(TICK_S):
            for probe in others if is_started else [startup]:
                if probe.is_due():
                    is_good = probe.succeeds()
                    is_started = is_started or is_good
                    self._judge(probe, is_good)

    def _judge(self, probe, is_good):
        if is_good and probe.kind == "readiness":
            self._set_ready(True)
        if is_good or not self.running.is_running() or self._deletion.is_set():
            return
        if self.is_ready or probe.kind == "liveness":
            self.failed_probes.append(probe.kind)
        if probe.is_exhausted():
            if probe.kind == "readiness":
                self._set_ready(False)
            else:
                self._end_container(self.spec["terminationGracePeriodSeconds"])

    def _end_container(self, grace_s):
        self.running.signal(signal.SIGTERM)
        if self.running.wait(max(1, grace_s)) is None:
            self.was_killed_after_grace = True
            self.running.kill()
            self.running.wait()

    def _terminate(self):
        """preStop counts into the grace period."""
        if not self.running.is_running():
            return
        pre_stop_s = self.container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        threading.Event().wait(pre_stop_s)
        began = time.monotonic()
        self._end_container(self.spec["terminationGracePeriodSeconds"] - pre_stop_s)
        self.drain_s = time.monotonic() - began
        self.exit_status = self.running.wait()

    def delete(self):
        self.deleted_at = time.monotonic()
        self._deletion.set()

    def is_available(self, seconds=0):
        """Ready for so long."""
        ready_at = self.ready_at
        return self.deleted_at is None and ready_at is not None and time.monotonic() - ready_at >= seconds


class Host:
    """Where pods live: a private folder, the programs of the image, the objects they mount, addresses.
    on_change(): a pod came or went; from any thread."""

    def __init__(self, folder, programs, objects, on_change):
        self.folder = pathlib.Path(folder)
        self.programs, self.objects, self.on_change = programs, objects, on_change
        self.pods = []
        self.folder.chmod(0o755)
        # Another run on this machine has other addresses: the process id is in them.
        self.network = f"127.{64 + os.getpid() % 128}.{os.getpid() // 128 % 256}"

    def add(self, name, template):
        pod = Pod(name, template, f"{self.network}.{len(self.pods) + 1}", self)
        self.pods.append(pod)
        self.on_change()
        return pod

    def stop(self):
        """All at once, whatever is left."""
        for pod in self.pods:
            pod.delete()
            if pod.running:
                pod.running.kill()
