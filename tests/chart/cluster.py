# SPDX-License-Identifier: Apache-2.0
"""A real Kubernetes API server on loopback: etcd, API server, controllers, scheduler, and kwok, which makes the pods of
fake nodes run. Nothing is executed; everything is admitted, scheduled, evicted, scaled and collected as in a cluster."""
import json
import os
import pathlib
import shutil
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import yaml

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "system"))
from kit.ports import free_port  # noqa: E402

import cluster_tools  # noqa: E402
import tools  # noqa: E402

STAGES = HERE / "stages.yaml"
TOKEN = "test-only"
START_S = 90
NODES = 3


class Cluster:
    """controller_flags: for kube-controller-manager."""

    def __init__(self, controller_flags=()):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hikyaku-cluster-"))
        self.processes = []
        self.port = free_port()
        self.kubeconfig = self.folder / "kubeconfig"
        try:
            self.start_server()
            self.start_controllers(controller_flags)
            for number in range(NODES):
                self.add_node(f"node-{number}")
        except BaseException:
            self.stop()
            raise

    def start(self, name, *flags, **variables):
        with open(self.folder / f"{name}.log", "w") as log:
            self.processes.append(subprocess.Popen([cluster_tools.folder() / name, *flags], cwd=self.folder, stdout=log,
                                                   stderr=subprocess.STDOUT, env={**os.environ, **variables}))

    def start_server(self):
        etcd, peer = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
        key = self.folder / "sa.key"
        subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, stderr=subprocess.DEVNULL)
        (self.folder / "tokens.csv").write_text(f"{TOKEN},admin,admin,system:masters\n")
        self.kubeconfig.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{"name": "test", "cluster": {"server": f"https://127.0.0.1:{self.port}",
                                                      "insecure-skip-tls-verify": True}}],
            "users": [{"name": "admin", "user": {"token": TOKEN}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "admin"}}]}))
        self.start("etcd", "--data-dir=etcd", f"--listen-client-urls={etcd}", f"--advertise-client-urls={etcd}",
                   f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}",
                   f"--initial-cluster=default={peer}", "--unsafe-no-fsync")
        self.start("kube-apiserver", f"--etcd-servers={etcd}", f"--secure-port={self.port}",
                   "--bind-address=127.0.0.1", "--advertise-address=192.0.2.1", "--endpoint-reconciler-type=none",
                   "--cert-dir=certificates", "--service-cluster-ip-range=10.96.0.0/16", "--authorization-mode=RBAC",
                   "--token-auth-file=tokens.csv", "--service-account-issuer=https://kubernetes.default.svc",
                   f"--service-account-key-file={key}", f"--service-account-signing-key-file={key}",
                   *self.proxy_flags())
        self.wait("the API server", lambda: self.call("GET", "/readyz")[0] == 200)

    def proxy_flags(self):
        """So that an extension server (an APIService) believes the API server who is asking: one certificate is the
        proxy's and its own CA."""
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-days", "2", "-subj", "/CN=front-proxy", "-keyout", "proxy.key", "-out", "proxy.crt"],
                       cwd=self.folder, check=True, stderr=subprocess.DEVNULL)
        return ("--proxy-client-cert-file=proxy.crt", "--proxy-client-key-file=proxy.key",
                "--requestheader-client-ca-file=proxy.crt", "--requestheader-username-headers=X-Remote-User",
                "--requestheader-group-headers=X-Remote-Group", "--requestheader-extra-headers-prefix=X-Remote-Extra-")

    def start_controllers(self, more_flags):
        own = (f"--kubeconfig={self.kubeconfig}",)
        for name, more in (("kube-controller-manager", ("--service-account-private-key-file=sa.key", *more_flags)),
                           ("kube-scheduler", ())):
            self.start(name, *own, "--leader-elect=false", "--bind-address=127.0.0.1", f"--secure-port={free_port()}",
                       "--cert-dir=certificates", *more)
        self.start("kwok", *own, "--manage-all-nodes=true", "--node-ip=127.0.0.1", "--node-lease-duration-seconds=40",
                   f"--server-address=127.0.0.1:{free_port()}",
                   *(f"--config={stage}" for stage in (*cluster_tools.stages(), STAGES)))

    def add_node(self, name):
        self.must("POST", "/api/v1/nodes", {
            "apiVersion": "v1", "kind": "Node",
            "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, "topology.kubernetes.io/zone": name}}})

    def call(self, method, path, body=None, content="application/json"):
        """(status, decoded answer or text)."""
        request = urllib.request.Request(
            f"https://127.0.0.1:{self.port}{path}", method=method, data=json.dumps(body).encode() if body else None,
            headers={"Authorization": f"Bearer {TOKEN}", "Content-Type": content})
        unverified = ssl._create_unverified_context()  # its own certificate, on loopback
        try:
            with urllib.request.urlopen(request, context=unverified, timeout=30) as answer:
                status, text = answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read().decode()
        except urllib.error.URLError as error:
            return 0, str(error)
        return status, json.loads(text) if text.startswith("{") else text

    def must(self, *arguments, **more):
        status, answer = self.call(*arguments, **more)
        if not 200 <= status < 300:
            raise AssertionError(f"{arguments[:2]}: {status}: {answer}")
        return answer

    def make_namespace(self, name, labels):
        self.must("POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace",
                                                 "metadata": {"name": name, "labels": labels}})
        self.wait("the default ServiceAccount", lambda: self.call(
            "GET", f"/api/v1/namespaces/{name}/serviceaccounts/default")[0] == 200)

    def define_kinds(self):
        """The operators'."""
        for path in cluster_tools.definitions():
            self.must("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
                      yaml.safe_load(path.read_text()))

    def run(self, program, *arguments):
        """What the program says."""
        done = subprocess.run([program, *arguments, "--kubeconfig", self.kubeconfig], text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        if done.returncode:
            raise AssertionError(f"{program.name} {' '.join(map(str, arguments))}: {done.stdout}")
        return done.stdout

    def kubectl(self, *arguments):
        return self.run(cluster_tools.folder() / "kubectl", *arguments)

    def helm(self, *arguments, major="4"):
        return self.run(tools.helm(major), *arguments)

    def wait(self, what, is_so, seconds=START_S):
        deadline = time.monotonic() + seconds
        while not is_so():
            for process in self.processes:
                if process.poll() is not None:
                    log = (self.folder / f"{process.args[0].name}.log").read_text()
                    raise AssertionError(f"{process.args[0].name} has ended: {log[-2000:]}")
            if time.monotonic() > deadline:
                raise AssertionError(f"{what}: not within {seconds} s")
            time.sleep(0.2)  # the pace of looking, not of the test

    def stop(self):
        """The API server before etcd, or it waits."""
        for process in reversed(self.processes):
            process.terminate()
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes = []

    def remove(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
