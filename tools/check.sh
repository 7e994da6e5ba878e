#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The checks that need no run of the program; ends with `N passed, N failed`, one for each kind of check.
# Usage: tools/check.sh [--changed N]   clang-tidy only on the N sources that were changed last
set -euo pipefail
cd "$(dirname "$0")/.."
source tools/tally.sh

readonly warn_lines=500 most_lines=800 most_test_lines=1200

check_format() {
  git ls-files -z '*.cc' '*.h' | xargs -0 clang-format-19 --dry-run --Werror
}

# Each source names its licence in the first line, or in the second after #!.
check_licences() {
  local file status=0
  while read -rd '' file; do
    if ! head -n 2 "$file" | grep -qF 'SPDX-License-Identifier: Apache-2.0'; then
      echo "$file: the first line has no 'SPDX-License-Identifier: Apache-2.0'"
      status=1
    fi
  done < <(git ls-files -z '*.cc' '*.h' '*.py' '*.sh' '*.cmake' '*CMakeLists.txt' Makefile .ci/run)
  return "$status"
}

check_lengths() {
  local file lines most status=0
  while read -rd '' file; do
    lines=$(wc -l <"$file")
    most=$most_lines
    if [[ $file == *_test.cc || $file == */testing/* || $file == tests/* ]]; then most=$most_test_lines; fi
    if ((lines > most)); then
      echo "$file: $lines lines, at most $most are allowed"
      status=1
    elif ((lines > warn_lines)); then
      echo "$file: warning: $lines lines; is it still one thing?"
    fi
  done < <(git ls-files -z '*.cc' '*.h' '*.py' '*.sh')
  return "$status"
}

# Headers are looked at through the sources that include them. GCC's -Wconversion is without signs.
check_tidy() {
  cmake --preset dev >/dev/null
  local sources
  mapfile -t sources < <(git ls-files 'src/*.cc')
  if [[ -n $changed ]]; then
    # The newest commits first; a source that is gone by now is left out.
    mapfile -t sources < <(git log --pretty= --name-only -- 'src/*.cc' |
      awk -v most="$changed" '!seen[$0]++ && system("test -e \"" $0 "\"") == 0 && ++n <= most')
  fi
  printf '%s\0' "${sources[@]}" | xargs -0 --no-run-if-empty -n 1 -P "$(nproc)" clang-tidy-19 --quiet \
    -p build/dev --extra-arg=-Wno-unknown-warning-option --extra-arg=-Wno-sign-conversion \
    2> >(grep -vE '^[0-9]+ warnings generated|^Suppressed|^Use -header-filter' >&2)
  echo "${#sources[@]} sources looked at"
}

changed=
if [[ ${1:-} == --changed ]]; then changed=$2; fi
export changed warn_lines most_lines most_test_lines
export -f check_format check_licences check_lengths check_tidy

step includes python3 tools/check_includes.py
step licences bash -euo pipefail -c check_licences
step lengths bash -euo pipefail -c check_lengths
step format bash -euo pipefail -c check_format
step headers tools/check_headers.sh
step tidy bash -euo pipefail -c check_tidy
tally
