# SPDX-License-Identifier: Apache-2.0
"""Kubernetes, etcd, kwok, KEDA and the definitions of the operators' kinds, for cluster.py and keda.py: built by the Go
toolchain into the cache folder, once per version.

    python3 tests/chart/cluster_tools.py        builds what is missing: 30 minutes or more
"""
import json
import pathlib
import re
import shutil
import subprocess

from tools import CACHE, go

KUBERNETES, STAGING = "v1.37.2", "v0.37.2"
PROGRAMS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl")
# What the release's own build says; a chart asks the API server for it.
VERSION_FLAGS = " ".join(f"-X k8s.io/component-base/version.{name}={value}" for name, value in (
    ("gitVersion", KUBERNETES), ("gitMajor", KUBERNETES.split(".")[0][1:]), ("gitMinor", KUBERNETES.split(".")[1])))
# Debian's etcd 3.4 lacks a request that makes installs quick.
ETCD = "v3.6.16"
KWOK = "sigs.k8s.io/kwok@v0.8.0"
KEDA = "github.com/kedacore/keda/v2@v2.21.0"
KEDA_PROGRAMS = {"keda-operator": "./cmd/operator", "keda-adapter": "./cmd/adapter"}
# Its own objects, in the order to make them: namespace, account and rights.
KEDA_OBJECTS = ("general/namespace.yaml", "service_account/service_account.yaml", "rbac/role.yaml",
                "rbac/role_binding.yaml", "metrics-server/role.yaml", "metrics-server/role_binding.yaml")
# Files of modules, copied beside the programs: what kwok does with nodes and pods,
KWOK_STAGES = ("node/fast/node-initialize.yaml", "node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
               "pod/fast/pod-ready.yaml", "pod/fast/pod-complete.yaml", "pod/fast/pod-delete.yaml")
# and what the operators' kinds look like: module, folder in it, files.
DEFINITIONS = (
    ("github.com/prometheus-operator/prometheus-operator@v0.85.0", "example/prometheus-operator-crd",
     tuple(f"monitoring.coreos.com_{kind}.yaml" for kind in ("podmonitors", "servicemonitors", "prometheusrules"))),
    (KEDA, "config/crd/bases", tuple(
        f"{kind}.yaml" for kind in ("keda.sh_scaledobjects", "keda.sh_scaledjobs", "keda.sh_triggerauthentications",
                                    "keda.sh_clustertriggerauthentications", "eventing.keda.sh_cloudeventsources",
                                    "eventing.keda.sh_clustercloudeventsources"))),
)


def folder():
    return CACHE.parent / f"kubernetes-{KUBERNETES}" / "bin"


def stages():
    return [folder() / pathlib.Path(name).name for name in KWOK_STAGES]


def definitions():
    return [folder() / name for _, _, names in DEFINITIONS for name in names]


def keda_source():
    """KEDA's module; its objects are under config/."""
    return folder().parent / "keda"


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


def build_keda():
    """Inside a copy of its own module: what it replaces and excludes counts in a main module only."""
    subprocess.run(["cp", "-rT", "--no-preserve=mode", source(KEDA), keda_source()], check=True)
    for name, package in KEDA_PROGRAMS.items():
        print(f"building {name}", flush=True)
        go("build", "-trimpath", "-ldflags", f"-X github.com/kedacore/keda/v2/version.Version={KEDA.split('@')[1]}",
           "-o", str(folder() / name), package, folder=keda_source(), CGO_ENABLED="0")


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
    if not all((folder() / name).exists() for name in KEDA_PROGRAMS):
        build_keda()
    if not all(path.exists() for path in stages()):
        for name in KWOK_STAGES:
            shutil.copy(source(KWOK) / "kustomize/stage" / name, folder())
    for module, place, names in DEFINITIONS:
        if not all((folder() / name).exists() for name in names):
            for name in names:
                shutil.copy(source(module) / place / name, folder())


if __name__ == "__main__":
    fetch()
