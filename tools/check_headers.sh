#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Compiles each header by itself, as the dev preset compiles sources, so that each includes what it uses.
# Usage: tools/check_headers.sh [HEADER...]
set -euo pipefail
cd "$(dirname "$0")/.."

headers=("$@")
if ((${#headers[@]} == 0)); then mapfile -t headers < <(git ls-files '*.h'); fi

check() {
  "${CXX:-g++}" -std=c++23 -fsyntax-only -Wall -Wextra -Wno-missing-field-initializers -Werror -Iinclude -Isrc -x c++ \
    <(printf '#include "%s"\n#include "%s"\n' "$PWD/$1" "$PWD/$1") || { echo "$1 does not compile by itself"; exit 1; }
}
export -f check
printf '%s\0' "${headers[@]}" | xargs -0 -P "$(nproc)" -I '{}' bash -c 'check "$1"' check '{}'
echo "${#headers[@]} headers compile by themselves"
