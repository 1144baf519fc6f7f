# SPDX-License-Identifier: Apache-2.0
"""What the system tests share: real processes on free loopback ports in private folders."""
