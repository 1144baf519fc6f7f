# SPDX-License-Identifier: Apache-2.0
"""ConfigMaps and Secrets as files of a pod's volumes, and the variables of its containers."""
import re

from kit.mounted import Mounted


class Objects:
    """name -> {key: text} of the ConfigMaps and of the Secrets in the namespace."""

    def __init__(self, config_maps, secrets):
        self.config_maps, self.secrets = config_maps, secrets

    def files_of(self, volume):
        """key -> text, or None: the volume is empty at first."""
        kind, about = next((kind, about) for kind, about in volume.items() if kind != "name")
        if kind == "configMap":
            return self.config_maps[about["name"]]
        if kind == "secret":
            assert set(about) == {"secretName"}, f"no idea how to mount {volume}"
            return self.secrets[about["secretName"]]
        assert kind == "emptyDir" and about["medium"] == "Memory", f"no idea how to mount {volume}"
        return None


def variables_of(container, fields):
    """fields: what fieldRef may ask for."""
    return {one["name"]: one["value"] if "value" in one else fields[one["valueFrom"]["fieldRef"]["fieldPath"]]
            for one in container.get("env", [])}


def expanded(words, variables):
    """$(NAME), as a kubelet does it."""
    return [re.sub(r"\$\((\w+)\)", lambda found: variables.get(found[1], found[0]), word) for word in words]


def bytes_of(quantity):
    number, unit = re.fullmatch(r"(\d+)(Ki|Mi|Gi)", quantity).groups()
    return int(number) << {"Ki": 10, "Mi": 20, "Gi": 30}[unit]


def mounts_of(pod_spec, container, objects, folder, edit):
    """Arguments of bubblewrap; the files go into `folder`. edit(text): what is different on this machine."""
    volumes = {volume["name"]: volume for volume in pod_spec.get("volumes", [])}
    arguments = []
    for mount in container["volumeMounts"]:
        volume = volumes[mount["name"]]
        files = objects.files_of(volume)
        if files is None:
            size = bytes_of(volume["emptyDir"]["sizeLimit"])
            arguments += ["--size", size, "--perms", "1777", "--tmpfs", mount["mountPath"]]
        else:
            assert mount["readOnly"], mount
            if not (folder / mount["name"]).exists():  # a restart of the container finds it
                Mounted(folder, mount["name"], {name: edit(text) for name, text in files.items()})
            arguments += ["--ro-bind", folder / mount["name"], mount["mountPath"]]
    return arguments
