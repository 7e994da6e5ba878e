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

# A tree such as kustomize reads: 20 folders of 10 files.
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

# show COMMAND...: a call of lamina as a user would type it, what it says, and how long it took.
show() {
  local begin=$EPOCHREALTIME
  printf '\n$ lamina %s\n' "${*@Q}" | tr -d "'"
  "$lamina" "$@"
  printf '  took %s\n' "$(milliseconds_since "$begin")"
}

milliseconds_since() {
  printf '%d ms' $(((${EPOCHREALTIME/[^0-9]/} - ${1/[^0-9]/}) / 1000))
}

stop() {
  kill -TERM "$server" 2>/dev/null || return 0
  wait "$server"
}

make_sample
printf 'sample: %d files, %d bytes in %s\n' "$(find "$work/sample" -type f | wc -l)" \
  "$(find "$work/sample" -type f -printf '%s\n' | awk '{ sum += $1 } END { print sum }')" "$work/sample"

begin=$EPOCHREALTIME
mkfifo "$work/ready"
"$lamina" serve --addr 127.0.0.1:0 --data "$work/data" >"$work/ready" 2>"$work/server.log" </dev/null &
server=$!
trap stop EXIT
if ! read -r line <"$work/ready"; then
  cat "$work/server.log" >&2
  exit 1
fi
printf '\n$ lamina serve --addr 127.0.0.1:0 --data %s\n%s\n  ready in %s, %d KiB of memory\n' "$work/data" "$line" \
  "$(milliseconds_since "$begin")" "$(awk '/^VmRSS/ { print $2 }' "/proc/$server/status")"

export LAMINA_REGISTRY=${line##*http://}
name=component-name=acme.org/sample
identity=(-i "$name" -i component-version=1.0.0)
show push "$work/sample" "${identity[@]}"
show find "$name"
show pull "${identity[@]}" --unpack --to "$work/pulled"
show verify "${identity[@]}"

printf '\n$ diff -r %s %s\n' "$work/sample" "$work/pulled"
diff -r "$work/sample" "$work/pulled"
printf '  no difference\n'

trap - EXIT
stop
printf '\nThe registry has stopped. Its content is in %s, %s.\n' "$work/data" "$(du -sh "$work/data" | cut -f 1)"
