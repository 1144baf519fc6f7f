# SPDX-License-Identifier: Apache-2.0
"""Kubernetes, etcd, kwok and the definitions of the operators' kinds, for cluster.py: built by the Go toolchain into
the cache folder, once per version.

    python3 tests/chart/cluster_tools.py        builds what is missing: 20 minutes or more
"""
import json
import pathlib
import re
import shutil

from tools import CACHE, go

KUBERNETES, STAGING = "v1.37.2", "v0.37.2"
PROGRAMS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl")
# What the release's own build says; a chart asks the API server for it.
VERSION_FLAGS = " ".join(f"-X k8s.io/component-base/version.{name}={value}" for name, value in (
    ("gitVersion", KUBERNETES), ("gitMajor", KUBERNETES.split(".")[0][1:]), ("gitMinor", KUBERNETES.split(".")[1])))
# Debian's etcd 3.4 lacks a request that makes installs quick.
ETCD = "v3.6.16"
KWOK = "sigs.k8s.io/kwok@v0.8.0"
# Files of modules, copied beside the programs: what kwok does with nodes and pods,
KWOK_STAGES = ("node/fast/node-initialize.yaml", "node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
               "pod/fast/pod-ready.yaml", "pod/fast/pod-complete.yaml", "pod/fast/pod-delete.yaml")
# and what the operators' kinds look like: module, folder in it, files.
DEFINITIONS = (
    ("github.com/prometheus-operator/prometheus-operator@v0.85.0", "example/prometheus-operator-crd",
     tuple(f"monitoring.coreos.com_{kind}.yaml" for kind in ("podmonitors", "servicemonitors", "prometheusrules"))),
    ("github.com/kedacore/keda/v2@v2.21.0", "config/crd/bases", ("keda.sh_scaledobjects.yaml",)),
)


def folder():
    return CACHE.parent / f"kubernetes-{KUBERNETES}" / "bin"


def stages():
    return [folder() / pathlib.Path(name).name for name in KWOK_STAGES]


def definitions():
    return [folder() / name for _, _, names in DEFINITIONS for name in names]


def build(place, requirement, replacements, programs):
    """By a module that only names what is to be built: program -> package."""
    place.mkdir(parents=True, exist_ok=True)
    lines = [f"replace {name} => {name} {STAGING}" for name in replacements]
    (place / "go.mod").write_text("\n".join(["module tools", "go 1.26.0", f"require {requirement}", *lines, ""]))
    imports = "".join(f'import _ "{package}"\n' for package in programs.values())
    (place / "tools.go").write_text(f"//go:build tools\n\npackage tools\n\n{imports}")
    go("mod", "tidy", folder=place)
    for name, package in programs.items():
        if (folder() / name).exists():
            continue
        print(f"building {package}", flush=True)
        go("build", "-trimpath", "-ldflags", VERSION_FLAGS, "-o", str(folder() / name), package, folder=place)


def source(module):
    """Folder of a module's files."""
    return pathlib.Path(json.loads(go("mod", "download", "-json", module))["Dir"])


def fetch():
    folder().mkdir(parents=True, exist_ok=True)
    if not all((folder() / name).exists() for name in PROGRAMS):
        about = json.loads(go("mod", "download", "-json", f"k8s.io/kubernetes@{KUBERNETES}"))
        # Its own repositories are versions of zero there, and have to be named.
        staging = re.findall(r"^\s+(k8s\.io/\S+) v0\.0\.0$", pathlib.Path(about["GoMod"]).read_text(), re.M)
        build(folder().parent / "kubernetes", f"k8s.io/kubernetes {KUBERNETES}", staging,
              {name: f"k8s.io/kubernetes/cmd/{name}" for name in PROGRAMS})
    if not (folder() / "etcd").exists():
        package = "go.etcd.io/etcd/server/v3"
        build(folder().parent / "etcd", f"{package} {ETCD}", [], {"etcd": package})
    if not (folder() / "kwok").exists():
        go("install", KWOK.replace("@", "/cmd/kwok@"), GOBIN=str(folder()))
    if not all(path.exists() for path in stages()):
        for name in KWOK_STAGES:
            shutil.copy(source(KWOK) / "kustomize/stage" / name, folder())
    for module, place, names in DEFINITIONS:
        if not all((folder() / name).exists() for name in names):
            for name in names:
                shutil.copy(source(module) / place / name, folder())


if __name__ == "__main__":
    fetch()
