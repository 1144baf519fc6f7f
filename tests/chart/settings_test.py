# SPDX-License-Identifier: Apache-2.0
"""The programs accept what the chart gives them: every rendered pod's own command line with --check-config, over the
rendered file, credentials filled in. And the schema of `settings` is what the programs say about themselves."""
import functools
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import yaml

import chart
import settings_schema

PROGRAMS = pathlib.Path(os.environ.get("HIKYAKU_BUILD", chart.ROOT / "build/tests/bin"))
MOUNT = "/etc/hikyaku/settings"
NOBODY = "127.0.0.1:1"
WITH_TOPICS = ("default: Job", "quickstart: Pod", "settings: Job")


def filled(argument, folder):
    """As the kubelet would: variables expanded, the ConfigMap mounted."""
    return re.sub(r"\$\((\w+)\)", lambda found: found[1].lower(), argument.replace(MOUNT, folder))


def with_secrets(text, folder):
    """The file, with what it names of the logins and of Redis' TLS in folder: a check reads them."""
    place = pathlib.Path(folder)
    for path in set(re.findall(r"/etc/hikyaku/((?:[\w-]+-login|redis)/[\w.-]+)", text)):
        (place / path).parent.mkdir(exist_ok=True)
        if path.startswith("redis/"):
            key, certificate = pair()
            (place / path).write_text(key if path.endswith(".key") else certificate)
        else:
            (place / path).write_text("secret\n")
    return re.sub(r"/etc/hikyaku/((?:[\w-]+-login|redis)/)", rf"{folder}/\1", text)


@functools.cache
def pair():
    """(private key, certificate that signs itself)"""
    with tempfile.TemporaryDirectory() as folder:
        key, certificate = (pathlib.Path(folder) / name for name in ("key", "certificate"))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=redis.example",
                        "-keyout", key, "-out", certificate], check=True, stderr=subprocess.DEVNULL)
        return key.read_text(), certificate.read_text()


class Settings(chart.Case):
    def each_command(self):
        """(role, command line) of every pod with our image, its file in place."""
        for values in chart.VALUE_FILES:
            files = {one["metadata"]["name"]: one["data"]["hikyaku.conf"]
                     for one in chart.of_kind(values, "ConfigMap") if "hikyaku.conf" in one.get("data", {})}
            for name, spec, labels in chart.pods(values):
                if not chart.is_ours(labels) or labels["app.kubernetes.io/component"] == "test":
                    continue
                [container] = spec["containers"]
                [mounted] = [volume["configMap"]["name"] for volume in spec["volumes"] if volume["name"] == "settings"]
                self.at = name
                with tempfile.TemporaryDirectory() as folder:
                    (pathlib.Path(folder) / "hikyaku.conf").write_text(with_secrets(files[mounted], folder))
                    program = PROGRAMS / container["command"][0]
                    yield container["name"], [program, *(filled(one, folder) for one in container.get("args", []))]

    def run_one(self, command):
        done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
        return done.returncode, done.stdout

    def test_services(self):
        count = 0
        for role, command in self.each_command():
            if role in chart.ROLES and not self.at.startswith("diagnostic:"):
                code, said = self.run_one([*command, "--check-config"])
                self.assertEqual(code, 0, said)
                count += 1
        self.assertEqual(count, len(chart.ROLES) * (len(chart.VALUE_FILES) - 1))

    def test_topics_job(self):
        """Exit 2 is a wrong command line or file; 1: nobody listens there, which is as it should be here."""
        for role, command in self.each_command():
            if role == "topics" and self.at.startswith(WITH_TOPICS):
                command[command.index("--wait") + 1] = "0"
                code, said = self.run_one([*command, "--set", f"log.brokers={NOBODY}"])
                self.assertEqual(code, 1, said)

    def test_topics_of_strimzi(self):
        """The KafkaTopics are what `hikyakuctl topics apply` would make of the same file."""
        for values in chart.VALUE_FILES:
            if values.stem != "quickstart":
                self.compare_topics(values)

    def test_topics_keep_mail_for_the_longest_period(self):
        for periods in ("a=3600", "a=90000", "=3600", "default=3600", "default=3600 a=7200", "a=3600 default=7200",
                        "a=90000 b=172800", "a=3600 b=7200"):
            sets = ""
            for i, (name, period) in enumerate(one.split("=") for one in periods.split()):
                at = f"settings.configurations[{i}]"
                sets += f",{at}.retry.period_s={period}" + (f",{at}.name={name}" if name else "")
            self.compare_topics(chart.CHART / "ci/default.yaml", sets)

    def compare_topics(self, values, sets=""):
        done = chart.template(values, sets=f"topics.provisioner=strimzi,topics.strimzi.cluster=main{sets}")
        objects = [one for one in yaml.safe_load_all(done.stdout) if one]
        [file] = [one["data"]["hikyaku.conf"] for one in objects if "hikyaku.conf" in one.get("data", {})]
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as written, self.subTest(values=values.name, sets=sets):
            written.write(file)
            written.flush()
            code, said = self.run_one([PROGRAMS / "hikyakuctl", "topics", "show", "--json", "-c", written.name])
            self.assertEqual(code, 0, said)
            rendered = [{"topic": one["spec"]["topicName"], "partitions": one["spec"]["partitions"],
                         "replication": one["spec"]["replicas"], "settings": one["spec"]["config"]}
                        for one in objects if one["kind"] == "KafkaTopic"]
            self.assertEqual(rendered, json.loads(said))

    def test_schema_is_fresh(self):
        done = subprocess.run([sys.executable, settings_schema.__file__, PROGRAMS], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual(done.returncode, 0, done.stdout)


if __name__ == "__main__":
    unittest.main()
