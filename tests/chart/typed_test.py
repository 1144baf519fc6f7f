# SPDX-License-Identifier: Apache-2.0
"""Types and unknown fields: every object against the strict schemas of the oldest and the newest Kubernetes that the
chart is tested with. The operators' kinds have their definitions in cluster_test.py."""
import functools
import sys
import unittest

import yaml

import chart
import tools

sys.path.append(str(tools.schemas()))
import kubernetes_validate  # noqa: E402  (from the cache folder)

# It reads megabytes of definitions anew for every object.
kubernetes_validate.utils.schema_contents = functools.cache(kubernetes_validate.utils.schema_contents)

VERSIONS = (chart.KUBE_VERSIONS[0], chart.KUBE_VERSIONS[-1])


def findings(text, version):
    """What is wrong with the objects of a rendered text."""
    found = []
    for one in yaml.safe_load_all(text):
        if not one or one["apiVersion"].startswith(chart.OPERATORS):
            continue
        try:
            kubernetes_validate.validate(one, version, strict=True)
        except kubernetes_validate.SchemaNotFoundError as error:
            found.append(error.message)
        except kubernetes_validate.ValidationError as error:
            found.append(f"{one['kind']}: {error.message}")
    return found


class Typed(unittest.TestCase):
    def test_value_files(self):
        for version in VERSIONS:
            for values in chart.VALUE_FILES:
                with self.subTest(values=values.name, version=version):
                    self.assertEqual(findings(chart.text(values, version), version), [])

    def test_it_finds(self):
        version = VERSIONS[-1]
        text = chart.text(chart.CHART / "ci/default.yaml", version)
        for right, wrong, said in (("failureThreshold: 90", "failureThreshhold: 90", "failureThreshhold"),
                                   ("replicas: 3", "replicas: three", "three"),
                                   ("kind: Deployment", "kind: Deploiment", "Deploiment")):
            with self.subTest(wrong=wrong):
                self.assertIn(right, text)
                self.assertIn(said, " ".join(findings(text.replace(right, wrong), version)))


if __name__ == "__main__":
    unittest.main()
