# SPDX-License-Identifier: Apache-2.0
"""The programs accept what the chart gives them: every rendered pod's own command line with --check-config, over the
rendered file, credentials filled in. And the schema of `settings` is what the programs say about themselves."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import chart
import settings_schema

PROGRAMS = pathlib.Path(os.environ.get("HIKYAKU_BUILD", chart.ROOT / "build/tests/bin"))
MOUNT = "/etc/hikyaku/settings"
NOBODY = "127.0.0.1:1"
WITH_TOPICS = ("default: Job", "quickstart: Pod", "settings: Job")


def filled(argument, folder):
    """As the kubelet would: variables expanded, the ConfigMap mounted."""
    return re.sub(r"\$\((\w+)\)", lambda found: "10.0.0.9" if found[1].endswith("_HOST") else found[1].lower(),
                  argument.replace(MOUNT, folder))


class Settings(chart.Case):
    def each_command(self):
        """(role, command line) of every pod with our image, its file in place."""
        for values in chart.VALUE_FILES:
            files = {one["metadata"]["name"]: one["data"]["hikyaku.conf"]
                     for one in chart.of_kind(values, "ConfigMap") if "hikyaku.conf" in one.get("data", {})}
            for name, spec, labels in chart.pods(values):
                if not chart.is_ours(labels):
                    continue
                [container] = spec["containers"]
                [mounted] = [volume["configMap"]["name"] for volume in spec["volumes"] if volume["name"] == "settings"]
                self.at = name
                with tempfile.TemporaryDirectory() as folder:
                    (pathlib.Path(folder) / "hikyaku.conf").write_text(files[mounted])
                    program = PROGRAMS / container["command"][0]
                    yield container["name"], [program, *(filled(one, folder) for one in container["args"])]

    def run_one(self, command):
        done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
        return done.returncode, done.stdout

    def test_services(self):
        count = 0
        for role, command in self.each_command():
            if role in chart.ROLES:
                code, said = self.run_one([*command, "--check-config"])
                self.assertEqual(code, 0, said)
                count += 1
        self.assertEqual(count, len(chart.ROLES) * len(chart.VALUE_FILES))

    def test_topics_job(self):
        """Exit 2 is a wrong command line or file; 1: nobody listens there, which is as it should be here."""
        for role, command in self.each_command():
            if role == "topics" and self.at.startswith(WITH_TOPICS):
                command[command.index("--wait") + 1] = "0"
                code, said = self.run_one([*command, "--set", f"log.brokers={NOBODY}"])
                self.assertEqual(code, 1, said)

    def test_schema_is_fresh(self):
        done = subprocess.run([sys.executable, settings_schema.__file__, PROGRAMS], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual(done.returncode, 0, done.stdout)


if __name__ == "__main__":
    unittest.main()
