# SPDX-License-Identifier: Apache-2.0
# Sourced by tools/test.sh and .ci/run: runs steps, times them and sums their counts of tests.
# shellcheck shell=bash

tally_passed=0
tally_failed=0
tally_lines=()

# step NAME COMMAND...: runs the command and adds the last `N passed, N failed` line of its output. A command
# that prints none counts as one test; one that fails counts as failed whatever it printed. Beyond
# TALLY_DEADLINE (seconds since the script began; 0 is none) the command is ended.
step() {
  local name=$1 log status=0 passed=0 failed=0 begin=$SECONDS limit=0 line
  shift
  printf '\n=== %s\n' "$name"
  log=$(mktemp)
  if ((${TALLY_DEADLINE:-0} > 0)); then limit=$((TALLY_DEADLINE > SECONDS ? TALLY_DEADLINE - SECONDS : 1)); fi
  timeout --kill-after=20 "$limit" "$@" </dev/null 2>&1 | tee "$log" || status=$?
  if [[ $(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$log" | tail -n 1) =~ ^([0-9]+)\ passed,\ ([0-9]+) ]]; then
    passed=${BASH_REMATCH[1]} failed=${BASH_REMATCH[2]}
  elif ((status == 0)); then
    passed=1
  fi
  if ((status != 0 && failed == 0)); then failed=1; fi
  rm -f "$log"
  tally_passed=$((tally_passed + passed))
  tally_failed=$((tally_failed + failed))
  printf -v line '%-14s %5d passed %4d failed %6.1f min' "$name" "$passed" "$failed" \
    "$(((SECONDS - begin) * 10 / 60))e-1"
  if ((status == 124)); then line+=" (ended: out of time)"; fi
  tally_lines+=("$line")
}

# Prints one line a step and the sum; false where anything failed.
tally() {
  printf '\n'
  printf '%s\n' "${tally_lines[@]}"
  printf '%d passed, %d failed\n' "$tally_passed" "$tally_failed"
  ((tally_failed == 0))
}
