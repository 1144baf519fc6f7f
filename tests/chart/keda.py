# SPDX-License-Identifier: Apache-2.0
"""KEDA on a cluster of cluster.py: its operator and its metrics adapter as processes of this machine, under the account
and with the rights that it brings, reached by the API server through an APIService."""
import base64
import json
import subprocess

import cluster_tools
from cluster import free_port

SPACE = "keda"  # as its own objects say
ADAPTER = "keda-metrics-apiserver"


class Keda:
    def __init__(self, api):
        self.api = api
        self.folder = api.folder / "keda"
        self.folder.mkdir()
        for name in cluster_tools.KEDA_OBJECTS:
            api.kubectl("apply", "-f", cluster_tools.keda_source() / "config" / name)
        self.make_certificate()
        self.make_kubeconfig()
        self.start()

    def make_certificate(self):
        """One for both programs, and its own CA, named as for a KEDA that makes none itself."""
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-days", "2", "-subj", "/CN=keda", "-addext",
                        f"subjectAltName=DNS:localhost,DNS:{ADAPTER}.{SPACE}.svc", "-keyout", "tls.key", "-out", "tls.crt"],
                       cwd=self.folder, check=True, stderr=subprocess.DEVNULL)
        self.certificate = (self.folder / "tls.crt").read_bytes()
        (self.folder / "ca.crt").write_bytes(self.certificate)

    def make_kubeconfig(self):
        token = self.api.kubectl("create", "token", "keda-operator", "--namespace", SPACE).strip()
        content = json.loads(self.api.kubeconfig.read_text())
        content["users"] = [{"name": "admin", "user": {"token": token}}]
        self.kubeconfig = self.folder / "kubeconfig"
        self.kubeconfig.write_text(json.dumps(content))

    def start(self):
        metrics, port = free_port(), free_port()
        own = {"KUBECONFIG": str(self.kubeconfig), "WATCH_NAMESPACE": "", "POD_NAMESPACE": SPACE,
               "KEDA_CLUSTER_OBJECT_NAMESPACE": SPACE}
        self.api.start("keda-operator", f"--metrics-service-bind-address=127.0.0.1:{metrics}", "--metrics-bind-address=0",
                       "--health-probe-bind-address=0", f"--cert-dir={self.folder}", **own)
        self.api.start("keda-adapter", "--bind-address=127.0.0.1", f"--secure-port={port}", "--port=0",
                       f"--metrics-service-address=localhost:{metrics}", f"--cert-dir={self.folder}",
                       f"--tls-cert-file={self.folder}/tls.crt", f"--tls-private-key-file={self.folder}/tls.key",
                       *(f"--{use}-kubeconfig={self.kubeconfig}" for use in ("lister", "authentication", "authorization")),
                       **own)
        self.register(port)
        self.api.wait("KEDA's metrics", lambda: self.api.call("GET", "/apis/external.metrics.k8s.io/v1beta1")[0] == 200)

    def register(self, port):
        """By a name: endpoints may not be on loopback."""
        self.api.must("POST", f"/api/v1/namespaces/{SPACE}/services", {
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": ADAPTER},
            "spec": {"type": "ExternalName", "externalName": "localhost"}})
        self.api.must("POST", "/apis/apiregistration.k8s.io/v1/apiservices", {
            "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
            "metadata": {"name": "v1beta1.external.metrics.k8s.io"},
            "spec": {"group": "external.metrics.k8s.io", "version": "v1beta1", "groupPriorityMinimum": 100,
                     "versionPriority": 100, "service": {"name": ADAPTER, "namespace": SPACE, "port": port},
                     "caBundle": base64.b64encode(self.certificate).decode()}})
