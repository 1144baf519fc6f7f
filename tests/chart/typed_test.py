# SPDX-License-Identifier: Apache-2.0
"""Every object decodes strictly into its Go type: no unknown field, no wrong type, no unknown kind."""
import subprocess
import unittest

import chart
import tools


def findings(text):
    done = subprocess.run([tools.typed()], input=text, text=True, stdout=subprocess.PIPE)
    return done.returncode, done.stdout


class Typed(unittest.TestCase):
    def test_value_files(self):
        for values in chart.VALUE_FILES:
            with self.subTest(values=values.name):
                self.assertEqual(findings(chart.text(values)), (0, ""))

    def test_it_finds(self):
        text = chart.text(chart.CHART / "ci/default.yaml")
        for right, wrong, said in (("failureThreshold: 90", "failureThreshhold: 90", "failureThreshhold"),
                                   ("replicas: 3", "replicas: three", "replicas"),
                                   ("kind: Deployment", "kind: Deploiment", "Deploiment")):
            with self.subTest(wrong=wrong):
                self.assertIn(right, text)
                code, out = findings(text.replace(right, wrong))
                self.assertEqual(code, 1)
                self.assertIn(said, out)


if __name__ == "__main__":
    unittest.main()
