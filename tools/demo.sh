#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The main job from end to end on a registry of its own: publishes a directory, finds it by what it is, pulls
# it, verifies it, and compares it with the original. Usage: tools/demo.sh LAMINA
set -euo pipefail
lamina=$(realpath "$1")
cd "$(dirname "$0")/.."

work=build/demo
rm -rf "$work"
mkdir -p "$work"

# A tree such as kustomize reads: 200 manifests in 20 folders.
make_sample() {
  local app resource
  for app in app-{01..20}; do
    mkdir -p "$work/sample/$app"
    for resource in configmap-{1..9}; do
      printf 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: %s-%s\ndata:\n  greeting: grüß Gott from %s\n' \
        "$app" "$resource" "$app" >"$work/sample/$app/$resource.yaml"
    done
    printf 'resources:\n' >"$work/sample/$app/kustomization.yaml"
    printf -- '- configmap-%d.yaml\n' {1..9} >>"$work/sample/$app/kustomization.yaml"
  done
}

# show COMMAND...: prints a call of lamina as a user would type it, what it says, and how long it took.
show() {
  local begin=$EPOCHREALTIME
  printf '\n$ lamina %s\n' "$*"
  "$lamina" "$@"
  printf '  (%d ms)\n' $(((${EPOCHREALTIME/./} - ${begin/./}) / 1000))
}

stop() {
  kill -TERM "$server" 2>/dev/null || true
  wait "$server" || true
}

make_sample
begin=$EPOCHREALTIME
mkfifo "$work/ready"
"$lamina" serve --addr 127.0.0.1:0 --data "$work/data" >"$work/ready" 2>"$work/server.log" </dev/null &
server=$!
trap stop EXIT
read -r line <"$work/ready" || { cat "$work/server.log" >&2; exit 1; }
registry=${line##*http://}
