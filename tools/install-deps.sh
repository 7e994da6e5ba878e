#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs from Debian 12 whatever is missing of the named sets of packages: build, check, test, coverage.
# Usage: tools/install-deps.sh SET...
set -euo pipefail

declare -A sets=(
  [build]="cmake ninja-build pkg-config g++ ccache git
    libboost1.81-dev libboost-json1.81-dev libboost-url1.81-dev libssl-dev libcurl4-openssl-dev librocksdb-dev
    zlib1g-dev libisal-dev libzstd-dev
    libcli11-dev libfmt-dev libspdlog-dev libyaml-cpp-dev
    libgtest-dev libgmock-dev libbenchmark-dev python3"
  [check]="clang-19 clang-format-19 clang-tidy-19 libclang-rt-19-dev python3"
  [test]="python3 curl ca-certificates openssl"
  [coverage]="gcovr"
)

wanted=()
for set in "$@"; do
  [[ -n ${sets[$set]:-} ]] || { echo "unknown set '$set': expected one of ${!sets[*]}" >&2; exit 2; }
  read -rd '' -a packages <<<"${sets[$set]}" || true  # read answers 1 at the end of its input
  wanted+=("${packages[@]}")
done

installed=$(dpkg-query --show --showformat '${Package} ${db:Status-Status}\n' "${wanted[@]}" 2>/dev/null |
  awk '$2 == "installed" { print $1 }' || true)  # dpkg-query answers 1 when a package is unknown to it
mapfile -t missing < <(printf '%s\n' "${wanted[@]}" | sort -u | grep -vxF -f <(printf '%s\n' "$installed"))

# The clients and registries that the tests talk to are Go modules (tests/peers), too new for Debian 12's Go.
if [[ " $* " == *" test "* ]] && ! command -v go >/dev/null; then
  echo "expected Go 1.26 or newer on PATH for the tests against other programs, found none" >&2
  exit 1
fi
if ((${#missing[@]} == 0)); then exit 0; fi

echo "installing ${missing[*]}"
as_root=()
if ((EUID != 0)); then as_root=(sudo --non-interactive); fi
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 -o Acquire::Retries=3)
"${apt[@]}" update
"${apt[@]}" install --yes --no-install-recommends "${missing[@]}" </dev/null
