# SPDX-License-Identifier: Apache-2.0
"""One container of a pod: a process under bubblewrap, confined as the pod's specification says.

Real: the numeric user without groups, no capabilities, no new privileges, a read-only root that holds only /usr of
this machine and the volumes, namespaces of its own for processes (it is process 1), mounts, IPC and host name.
Emulated: the image; its programs lie over /usr/local/bin. Left out: a network of its own, seccomp, and limits of
processor and memory."""
import contextlib
import json
import os
import signal
import subprocess

PATH = "/usr/local/bin:/usr/bin:/bin"
IMAGE_FILES = ("/etc/hosts", "/etc/resolv.conf")


def security_of(pod_spec, container):
    """Of the container; refuses what could not be given to it."""
    security = {**pod_spec["securityContext"], **container["securityContext"]}
    assert security["runAsNonRoot"] and security["runAsUser"] != 0, security
    assert security["readOnlyRootFilesystem"] and not security["allowPrivilegeEscalation"], security
    assert security["capabilities"] == {"drop": ["ALL"]}, security
    return security


def bubblewrap(host_name, programs, mounts):
    """The command up to that of the container. mounts: arguments of bubblewrap."""
    image = ["--ro-bind", "/usr", "/usr", "--ro-bind", programs, "/usr/local/bin", "--proc", "/proc", "--dev", "/dev"]
    for folder in ("bin", "lib", "lib64"):
        image += ["--symlink", f"usr/{folder}", f"/{folder}"]
    for path in IMAGE_FILES:
        image += ["--ro-bind", path, path]
    return ["bwrap", "--die-with-parent", "--new-session", "--unshare-user", "--unshare-pid", "--as-pid-1",
            "--unshare-ipc", "--unshare-uts", "--hostname", host_name, *image, *mounts, "--remount-ro", "/"]


class Container:
    """Runs from its making until it ends by itself or by a signal. command: with bubblewrap in front."""

    def __init__(self, command, environment, security, log_path):
        from_bubblewrap, to_us = os.pipe()
        words = [str(word) for word in command]
        with open(log_path, "ab") as log:
            self.popen = subprocess.Popen([words[0], "--info-fd", str(to_us), *words[1:]], stdin=subprocess.DEVNULL,
                                          stdout=log, stderr=log, env={"PATH": PATH, **environment},
                                          user=security["runAsUser"], group=security["runAsGroup"], extra_groups=[],
                                          pass_fds=[to_us])
        os.close(to_us)
        with open(from_bubblewrap, encoding="ascii") as facts:
            text = facts.read()
        self.pid = json.loads(text)["child-pid"] if text else None  # on this machine; inside it is 1

    def is_running(self):
        return self.popen.poll() is None

    def signal(self, number):
        if self.pid is not None and self.is_running():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self):
        self.signal(signal.SIGKILL)

    def wait(self, seconds=None):
        """The exit status, or None where it still runs."""
        try:
            return self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
