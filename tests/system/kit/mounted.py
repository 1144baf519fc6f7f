# SPDX-License-Identifier: Apache-2.0
"""A folder of files as the kubelet mounts a Secret or a ConfigMap: links that are switched all at once."""
import itertools
import os


class Mounted:
    """files: name -> text or bytes."""

    def __init__(self, folder, name, files):
        self.folder = os.path.join(folder, name)
        self.versions = itertools.count(1)
        self.files = {}
        os.makedirs(self.folder)
        self.replace(files)

    def path(self, name):
        return os.path.join(self.folder, name)

    def replace(self, files):
        """These have a new content; the others keep theirs, in new files all the same."""
        self.files.update(files)
        version = f"..{next(self.versions)}"
        os.makedirs(self.path(version), mode=0o755)
        for name, content in self.files.items():
            with open(os.path.join(self.path(version), name), "wb") as file:
                file.write(content if isinstance(content, bytes) else content.encode())
            if not os.path.lexists(self.path(name)):
                os.symlink(os.path.join("..data", name), self.path(name))
        os.symlink(version, self.path("..next"))
        os.replace(self.path("..next"), self.path("..data"))
