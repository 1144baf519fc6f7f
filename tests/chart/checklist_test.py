# SPDX-License-Identifier: Apache-2.0
"""docs/checklist.md has its 30 items in order and names only files and tests that exist; the chart's changelog has the
chart's version."""
import re
import unittest

import yaml

import chart

CHECKLIST = chart.ROOT / "docs/checklist.md"
ROW = re.compile(r"^\| (\d+) \|.*\|$", re.M)
PATH = re.compile(r"`((?:[\w.-]+/)+[\w.-]+)[^`]*`|\b(docs/[\w/-]+\.md)")
TEST = re.compile(r"`(test_\w+)`")
DEFINED = re.compile(r"\bdef (test_\w+)\(")


class Checklist(unittest.TestCase):
    def test_all_items(self):
        self.assertEqual([int(number) for number in ROW.findall(CHECKLIST.read_text())], list(range(1, 31)))

    def test_files_exist(self):
        found = [path for pair in PATH.findall(CHECKLIST.read_text()) for path in pair if path]
        self.assertGreater(len(found), 30)
        for path in found:
            with self.subTest(path=path):
                self.assertTrue((chart.ROOT / path).exists())

    def test_tests_exist(self):
        defined = {name for folder in ("chart", "monitoring") for file in (chart.ROOT / "tests" / folder).glob("*.py")
                   for name in DEFINED.findall(file.read_text())}
        for name in TEST.findall(CHECKLIST.read_text()):
            with self.subTest(test=name):
                self.assertIn(name, defined)

    def test_changelog(self):
        version = yaml.safe_load((chart.CHART / "Chart.yaml").read_text())["version"]
        first = re.search(r"^## (\S+)$", (chart.CHART / "CHANGELOG.md").read_text(), re.M)
        self.assertEqual(first[1], version)


if __name__ == "__main__":
    unittest.main()
