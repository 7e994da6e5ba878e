#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds one CMake preset and runs its unit tests; ends with `N passed, N failed`.
# Usage: tools/unit_tests.sh PRESET [CTEST-ARGUMENT...]
set -euo pipefail
cd "$(dirname "$0")/.."

preset=$1
shift
suppressions=$PWD/tools/sanitizers
export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1:check_initialization_order=1
export LSAN_OPTIONS=suppressions=$suppressions/lsan.supp:print_suppressions=0
export UBSAN_OPTIONS=print_stacktrace=1
export TSAN_OPTIONS=suppressions=$suppressions/tsan.supp:second_deadlock_stack=1:history_size=7

targets=(all)
if [[ $preset == tsan ]]; then
  # Of RocksDB's threads the sanitizer sees nothing: these modules run without it, on fakes (docs/design).
  targets=(base_test fs_test store_test http_test kube_test controller_test)
  set -- --label-regex '^(base|fs|store|http|kube|controller)$' "$@"
fi

cmake --preset "$preset" >/dev/null
cmake --build "build/$preset" --target "${targets[@]}"

junit=$PWD/build/$preset/tests.xml
status=0
ctest --test-dir "build/$preset" --parallel "$(nproc)" --output-on-failure --no-tests=error --progress \
  --output-junit "$junit" "$@" || status=$?

# A skipped or disabled test has shown nothing, so it counts as failed.
read -r total good < <(awk '
  /<testsuite / { in_head = 1 }
  in_head && match($0, /tests="[0-9]+"/) { total = substr($0, RSTART + 7, RLENGTH - 8); in_head = 0 }
  /<testcase / && /status="run"/ { good++ }
  END { print total + 0, good + 0 }' "$junit")
printf '%d passed, %d failed\n' "$good" "$((total - good))"
((status == 0 && good == total))
