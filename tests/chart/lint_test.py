# SPDX-License-Identifier: Apache-2.0
"""Both Helms accept every value file, and refuse every negative one with the sentence in its `# says:` line."""
import re
import unittest

import chart


class Lint(unittest.TestCase):
    def test_value_files(self):
        self.assertGreaterEqual(len(chart.VALUE_FILES), 10)
        for major in ("3", "4"):
            for values in chart.VALUE_FILES:
                with self.subTest(helm=major, values=values.name):
                    done = chart.run(major, "lint", "--strict", "--kube-version", "1.34.0", chart.CHART,
                                     "-f", values)
                    self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_negative_files(self):
        self.assertGreaterEqual(len(chart.NEGATIVE_FILES), 10)
        for major in ("3", "4"):
            for values in chart.NEGATIVE_FILES:
                with self.subTest(helm=major, values=values.name):
                    said = re.search(r"^# says: (.*)$", values.read_text(), re.M)
                    done = chart.template(values, major)
                    self.assertNotEqual(done.returncode, 0, "it was accepted")
                    self.assertIn(said[1], done.stderr)

    def notes(self, values):
        done = chart.run("4", "install", "relay", chart.CHART, "--namespace", "mail", "-f", values, "--dry-run=client")
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.split("\nNOTES:\n")[1]

    def test_notes(self):
        said = self.notes(chart.CHART / "ci/default.yaml")
        for words in ("relay-hikyaku.mail.svc.cluster.local:25 ", "relay-hikyaku.mail.svc.cluster.local:587 ",
                      "helm test -n mail relay", "leaves the topics", "WARNING: hostname is not set"):
            self.assertIn(words, said)
        said = self.notes(chart.CHART / "ci/strimzi.yaml")
        self.assertNotIn("hostname is not set", said)
        self.assertIn("WARNING: topics.provisioner strimzi needs Strimzi", said)
        self.assertIn("WARNING: diagnosticMode.enabled", self.notes(chart.CHART / "ci/diagnostic.yaml"))

    def test_old_cluster(self):
        done = chart.template(chart.CHART / "ci/default.yaml", kube_version="1.28.0")
        self.assertIn("requires kubeVersion: >=1.29.0", done.stderr)


if __name__ == "__main__":
    unittest.main()
