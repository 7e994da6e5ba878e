#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds the dev preset and runs every test there is; ends with `N passed, N failed`.
set -euo pipefail
cd "$(dirname "$0")/.."
source tools/tally.sh

step unit tools/unit_tests.sh dev
export LAMINA=$PWD/build/dev/bin/lamina
step conformance tests/conformance/run
step interop tests/interop/run
step system tests/system/run
step e2e tests/e2e/run
tally
