# SPDX-License-Identifier: Apache-2.0
"""Rendering is a function of the values: twice the same bytes on each of three Kubernetes versions, the same but for
preStop, with both Helms, with and without operators, and as the snapshots say.

    python3 tests/chart/render_test.py --write      writes the snapshots anew; read the difference
"""
import pathlib
import re
import sys
import unittest

import chart

SNAPSHOTS = pathlib.Path(__file__).resolve().parent / "snapshots"
LICENCE = "# SPDX-License-Identifier: Apache-2.0\n"


# Copies of files in the chart, which have tests of their own.
COPIED = ("# Source: hikyaku/templates/monitoring/dashboards", "# Source: hikyaku/templates/monitoring/prometheusrule")


def shape(text):
    """Without copies, and without what every change of a setting changes as well."""
    text = "---\n".join(piece for piece in text.split("---\n") if not piece.startswith(COPIED))
    return LICENCE + re.sub(r"\b[0-9a-f]{64}\b(?=\n)", "SHA256", re.sub(r"topics-[0-9a-f]{8}\b", "topics-HASH", text))


def pieces(text):
    """The two Helms put the objects into another order and other blank lines between them."""
    return sorted(piece.strip() for piece in text.split("---\n"))


# "exec: command: [...]" -> "sleep: seconds: N"
PRE_STOP = re.compile(r'(\n +)exec:\n +command: \["hikyakuctl", "sleep", "(\d+)"\]')


class Render(unittest.TestCase):
    def test_same_bytes(self):
        for values in chart.VALUE_FILES:
            for version in chart.KUBE_VERSIONS:
                with self.subTest(values=values.name, version=version):
                    done = chart.template(values, kube_version=version)
                    self.assertEqual(done.returncode, 0, done.stderr)
                    self.assertEqual(done.stdout, chart.text(values, version))

    def test_same_on_all_versions(self):
        """But for the native wait before SIGTERM, which Kubernetes has since 1.30."""
        for values in chart.VALUE_FILES:
            oldest, *newer = (chart.text(values, version) for version in chart.KUBE_VERSIONS)
            with self.subTest(values=values.name):
                self.assertEqual({*newer, PRE_STOP.sub(r"\1sleep:\1  seconds: \2", oldest)}, {newer[0]})

    def test_both_helms(self):
        for values in chart.VALUE_FILES:
            with self.subTest(values=values.name):
                self.assertEqual(pieces(chart.template(values, "4").stdout), pieces(chart.text(values)))

    def test_without_operators(self):
        for values in chart.VALUE_FILES:
            with self.subTest(values=values.name):
                done = chart.template(values, operators=())
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertNotRegex(done.stdout, r"keda\.sh/|monitoring\.coreos\.com/|kafka\.strimzi\.io/")
                replicas = re.findall(r"^  replicas: [1-9]", done.stdout, re.M)
                self.assertGreaterEqual(len(replicas), 3, "a workload without replicas and without a scaler")

    def test_snapshots(self):
        for values in chart.VALUE_FILES:
            with self.subTest(values=values.name):
                snapshot = SNAPSHOTS / values.name
                self.assertTrue(snapshot.exists(), "no snapshot: run this file with --write")
                self.assertEqual(snapshot.read_text(), shape(chart.text(values)), "read the difference, then --write")


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        SNAPSHOTS.mkdir(exist_ok=True)
        for file in chart.VALUE_FILES:
            (SNAPSHOTS / file.name).write_text(shape(chart.text(file)))
    else:
        unittest.main()
