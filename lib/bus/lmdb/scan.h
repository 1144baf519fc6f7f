/* SPDX-License-Identifier: Apache-2.0
 * bus/scan.h over LMDB, with the table of section "log" that says where it is: for hikyakuctl
 * (library bus_lmdb_scan), beside the process that owns the directory or without one. The
 * environment is opened read-only and no transaction outlives a scan_read, so the owner's pages
 * are free again at once. Not in a process that has the same directory open as a hub: LMDB's locks
 * are per process. */
#pragma once

#include "bus/lmdb/section.h"
#include "bus/scan.h"

extern const struct scan_backend LMDB_SCAN;
