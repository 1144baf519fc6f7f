# SPDX-License-Identifier: Apache-2.0
"""Whether a running pod is confined as its specification says: what the kernel knows of it, not what we asked for."""
import pathlib


def status_of(pid):
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.split() for name, value in (line.split(":", 1) for line in lines)}


def writable_mounts(pid):
    """Those that hold files: not devices, processes."""
    rows = [line.split() for line in pathlib.Path(f"/proc/{pid}/mountinfo").read_text().splitlines()]
    return {row[4] for row in rows if "rw" in row[5].split(",") and not row[4].startswith(("/dev", "/proc"))}


def check_confined(pod):
    pid = pod.running.pid
    status = status_of(pid)
    user, group = (str(pod.spec["securityContext"][name]) for name in ("runAsUser", "runAsGroup"))
    assert status["Uid"] == [user] * 4 and status["Gid"] == [group] * 4, f"{pod.name}: {status['Uid']} {status['Gid']}"
    assert status["NSpid"][-1] == "1" and status["NoNewPrivs"] == ["1"], f"{pod.name}: {status}"
    for kind in ("CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(status[kind][0], 16) == 0, f"{pod.name}: {kind} {status[kind]}"
    empty = {volume["name"] for volume in pod.spec["volumes"] if "emptyDir" in volume}
    expected = {mount["mountPath"] for mount in pod.container["volumeMounts"] if mount["name"] in empty}
    assert writable_mounts(pid) == expected, f"{pod.name} can write to {writable_mounts(pid)}"
