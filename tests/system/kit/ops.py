# SPDX-License-Identifier: Apache-2.0
"""The ops port of a process on loopback."""
import urllib.error
import urllib.request


def ops_get(port, path):
    """(status, text); status 0: nobody answered, and why."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError as error:
        return 0, str(error)
