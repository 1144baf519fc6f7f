# SPDX-License-Identifier: Apache-2.0
# Warnings (always errors), hardening (not under sanitizers) and the one place that names compiler flags.
add_compile_definitions(_GNU_SOURCE HIKYAKU_VERSION="${PROJECT_VERSION}")
add_compile_options(
  -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wcast-qual -Wwrite-strings -Wvla
  -Wformat=2 -Wswitch-enum -Wundef -Wconversion -Werror -fno-common -fno-omit-frame-pointer -g)
include_directories(${PROJECT_SOURCE_DIR}/lib ${PROJECT_SOURCE_DIR})
if(HIKYAKU_SANITIZE)
  add_compile_options(-O1 -fsanitize=address,undefined -fno-sanitize-recover=all)
  add_link_options(-fsanitize=address,undefined)
else()
  add_compile_options(-O2 -fstack-protector-strong -fstack-clash-protection -fcf-protection=full
    -fPIE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
  if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-ftrivial-auto-var-init=zero -fzero-call-used-regs=used-gpr)
  endif()
  add_link_options(-pie -Wl,-z,relro,-z,now,-z,noexecstack)
endif()
