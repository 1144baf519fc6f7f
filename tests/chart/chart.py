# SPDX-License-Identifier: Apache-2.0
"""What the tests of the chart share: value files, rendering, the objects that come out."""
import functools
import pathlib
import subprocess
import unittest

import yaml

import tools

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHART = ROOT / "helm/hikyaku"
VALUE_FILES = sorted((CHART / "ci").glob("*.yaml"))
NEGATIVE_FILES = sorted((CHART / "ci-negative").glob("*.yaml"))
KUBE_VERSIONS = ("1.29.0", "1.31.0", "1.34.0")
OPERATORS = ("keda.sh/v1alpha1", "monitoring.coreos.com/v1", "kafka.strimzi.io/v1")
ROLES = ("ingress", "scheduler", "sender", "bouncer")
AUDITOR = "auditor"  # carries no mail
WORKLOADS = ("Deployment", "StatefulSet")


class Case(unittest.TestCase):
    """A test that walks over many objects: a failure names the one it was at."""
    at = ""

    def _formatMessage(self, msg, standardMsg):
        return f"{self.at}: {super()._formatMessage(msg, standardMsg)}"


def run(major, *arguments):
    return subprocess.run([tools.helm(major), *arguments], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)


def template(values, major="3", kube_version="1.34.0", operators=OPERATORS, sets=""):
    """The process of `helm template` with a value file."""
    versions = [argument for name in operators for argument in ("--api-versions", name)]
    return run(major, "template", "relay", CHART, "--namespace", "mail", "--kube-version", kube_version,
               "-f", values, "--set", sets, *versions)


@functools.cache
def text(values, kube_version="1.34.0"):
    """What a value file renders to, with every operator in the cluster."""
    done = template(values, kube_version=kube_version)
    if done.returncode:
        raise AssertionError(f"{values.name}: {done.stderr}")
    return done.stdout


@functools.cache
def parsed(rendered):
    return [one for one in yaml.safe_load_all(rendered) if one]


def objects(values, kube_version="1.34.0"):
    return parsed(text(values, kube_version))


def of_kind(values, *kinds):
    return [one for one in objects(values) if one["kind"] in kinds]


def pods(values, kube_version="1.34.0"):
    """(name of the object, pod spec, pod labels) of everything that makes pods."""
    for one in objects(values, kube_version):
        name = f"{values.stem}: {one['kind']}/{one['metadata']['name']}"
        if one["kind"] in (*WORKLOADS, "Job"):
            made = one["spec"]["template"]
            yield name, made["spec"], made["metadata"]["labels"]
        elif one["kind"] == "Pod":
            yield name, one["spec"], one["metadata"]["labels"]


def is_ours(labels):
    return labels["app.kubernetes.io/component"] not in ("kafka", "redis")
