# SPDX-License-Identifier: Apache-2.0
"""Every value has a comment, a place in the schema and a template that uses it; the README's table is the values."""
import json
import pathlib
import re
import sys
import unittest

import yaml

import chart

README = chart.CHART / "README.md"
MARK = "<!-- values: written by tests/chart/values_test.py --write -->\n"
LINE = re.compile(r"^( *)([\w]+):")
# Open by their nature: labels and the like, and the settings, which docs/settings.md tells about.
OPEN = ("settings.", "listeners.", "resources.", "destinationExcept", "monitoring.dashboards.labels.", "customProbes.")


def paths(tree, before=""):
    for name, value in tree.items():
        if isinstance(value, dict) and value and not any(part in f"{before}{name}." for part in OPEN):
            yield from paths(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


def comments():
    """Path of a value or group -> the comment right above it, in values.yaml's own order."""
    found, stack, above = {}, [], []
    for line in (chart.CHART / "values.yaml").read_text().splitlines():
        match = LINE.match(line)
        if line.strip().startswith("#"):
            above.append(line.strip().lstrip("# "))
        elif match:
            depth = len(match[1]) // 2
            stack[depth:] = [match[2]]
            found[".".join(stack)] = " ".join(above)
            above = []
        else:
            above = []
    return found


def in_schema(schema, path, definitions):
    for name in path.split("."):
        while "$ref" in schema:
            schema = definitions[schema["$ref"].rsplit("/", 1)[1]]
        if name not in schema.get("properties", {}):
            return False
        schema = schema["properties"][name]
    return True


def table():
    said = comments()
    rows = ["| value | default | what it is |", "|---|---|---|"]
    for path, value in paths(yaml.safe_load((chart.CHART / "values.yaml").read_text())):
        text = json.dumps(value) if len(json.dumps(value)) < 60 else "see values.yaml"
        rows.append(f"| `{path}` | `{text}` | {said[path]} |")
    return "\n".join(rows) + "\n"


class Values(unittest.TestCase):
    def setUp(self):
        self.values = yaml.safe_load((chart.CHART / "values.yaml").read_text())
        self.schema = json.loads((chart.CHART / "values.schema.json").read_text())

    def test_documented(self):
        said = comments()
        for path, _ in paths(self.values):
            with self.subTest(value=path):
                self.assertTrue(said.get(path), "no comment above it in values.yaml")

    def test_in_schema(self):
        for path, _ in paths(self.values):
            with self.subTest(value=path):
                self.assertTrue(in_schema(self.schema, path, self.schema["definitions"]))

    def test_schema_has_no_more(self):
        def walk(schema, before):
            for name, one in schema.get("properties", {}).items():
                path = f"{before}{name}"
                if one.get("properties") and not any(part in f"{path}." for part in OPEN):
                    yield from walk(one, f"{path}.")
                else:
                    yield path
        known = {path for path, _ in paths(self.values)}
        for path in walk(self.schema, ""):
            if not path.startswith("settings"):
                with self.subTest(value=path):
                    self.assertTrue(path in known, "in the schema, not in values.yaml")

    def test_schema_is_closed_draft_07(self):
        self.assertEqual(self.schema["$schema"], "http://json-schema.org/draft-07/schema#")

        def walk(schema, path):
            if isinstance(schema, dict):
                if schema.get("type") == "object" and schema.get("properties") and path != "/properties/global":
                    self.assertIs(schema.get("additionalProperties"), False, path)
                for name, one in schema.items():
                    walk(one, f"{path}/{name}")
        walk(self.schema, "")

    def test_used(self):
        text = "".join(file.read_text() for file in (chart.CHART / "templates").rglob("*") if file.is_file())
        for path, _ in paths(self.values):
            name = path.rsplit(".", 1)[-1]
            with self.subTest(value=path):
                self.assertRegex(text, rf"\.{name}\b" if not path.startswith("settings.") else r"\.Values\.settings")

    def test_readme(self):
        self.assertEqual(README.read_text().split(MARK)[1], "\n" + table(), "run this file with --write")


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        README.write_text(README.read_text().split(MARK)[0] + MARK + "\n" + table())
    else:
        unittest.main()
