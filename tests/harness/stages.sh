#!/usr/bin/env bash
# Runs targets of the Makefile one after the other, ends with the first that fails, and tells at the end how long each took.
# Usage: stages.sh TARGET...
set -euo pipefail
cd "$(dirname "$0")/../.."
table=""
tell() { printf '\n--- seconds of each stage\n%s' "$table"; }
trap tell EXIT
for stage in "$@"; do
  printf '\n=== %s\n' "$stage"
  began=$SECONDS
  status=0
  ${MAKE:-make} --no-print-directory "$stage" || status=$?
  table+=$(printf '%6d  %s%s' $((SECONDS - began)) "$stage" "$( ((status == 0)) || echo ' (failed)')")$'\n'
  ((status == 0)) || exit "$status"
done
