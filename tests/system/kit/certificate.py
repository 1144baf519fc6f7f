# SPDX-License-Identifier: Apache-2.0
"""A self-signed certificate for loopback, made by the openssl command."""
import os
import ssl
import subprocess


class Certificate:
    def __init__(self, folder):
        self.path = os.path.join(folder, "certificate.pem")
        self.key = os.path.join(folder, "key.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                        "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
                        "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", self.key, "-out", self.path],
                       check=True, capture_output=True, timeout=30)

    def server(self):
        """For a destination."""
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(self.path, self.key)
        return tls

    def client(self):
        """For an application that trusts this certificate alone."""
        return ssl.create_default_context(cafile=self.path)
