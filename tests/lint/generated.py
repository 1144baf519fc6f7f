# SPDX-License-Identifier: Apache-2.0
"""The references in docs/ are what the programs print; the examples are accepted as they stand."""
import os
import subprocess
import tempfile

from sources import SERVICES, read, run

DOCUMENTS = ("settings.md", "metrics.md")


def check_documents(root, build):
    with tempfile.TemporaryDirectory(prefix="hikyaku-docs-") as folder:
        subprocess.run([os.path.join(root, "scripts/generate-docs"), build, folder], check=True)
        for name in DOCUMENTS:
            path = os.path.join("docs", name)
            if not os.path.exists(os.path.join(root, path)) or read(root, path) != read(folder, name):
                yield path, 1, "is stale: run scripts/generate-docs BUILD_DIR"


def check_examples(root, build):
    programs = [("hikyaku", "embedded.conf")] + [(f"hikyaku-{name}", "cluster.conf") for name in SERVICES]
    for program, example in programs:
        path = os.path.join("examples", example)
        done = subprocess.run([os.path.join(build, "bin", program), "-c", path, "--check-config"], cwd=root,
                              stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, check=False)
        if done.returncode != 0:
            yield path, 1, f"{program} refuses it: {done.stderr.strip()}"


def generated(root, build):
    yield from check_documents(root, build)
    yield from check_examples(root, build)


if __name__ == "__main__":
    run(generated)
