#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds the fuzzers and runs each for some seconds, from the inputs in tests/fuzz/corpus and those that earlier
# runs found (build/fuzz/corpus). A finding is left in build/fuzz/findings. Ends with `N passed, N failed`.
# Usage: tools/fuzz.sh SECONDS
set -euo pipefail
cd "$(dirname "$0")/.."
source tools/tally.sh

seconds=$1
cmake --preset fuzz >/dev/null
cmake --build build/fuzz
mkdir -p build/fuzz/findings
for fuzzer in build/fuzz/tests/fuzz/*_fuzz; do
  name=$(basename "$fuzzer" _fuzz)
  found=build/fuzz/corpus/$name
  mkdir -p "$found"
  seeds=()
  if [[ -d tests/fuzz/corpus/$name ]]; then seeds+=("tests/fuzz/corpus/$name"); fi
  step "$name" "$fuzzer" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -verbosity=0 -artifact_prefix="build/fuzz/findings/$name-" "$found" "${seeds[@]}"
done
tally
