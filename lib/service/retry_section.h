/* SPDX-License-Identifier: Apache-2.0
 * Section "retry": the table around lib/profile's retry settings, which know no files. Every
 * process has it, because the log must keep mail for longer than the retry period. */
#pragma once

#include "conf/conf.h"
#include "profile/retry.h"

extern const struct conf_section RETRY_SECTION;
struct retry_settings retry_section_get(const struct conf *conf);
