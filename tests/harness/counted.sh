#!/usr/bin/env bash
# A compiler for what is shipped (RUSTC_WRAPPER): the crates that packets go through are built with the options of COUNTED, which
# put counters in or lay out by a profile of what these counted; all others as always. What a sensor's traffic never calls, such
# as the console, is so not taken for what is never called. The program itself is built with
# those of COUNTED_PROGRAM: it has to count for the counters of the others to be written down.
set -euo pipefail
compiler=$1
shift
name=
before=
for argument in "$@"; do
  if [[ $before == --crate-name ]]; then name=$argument; fi
  before=$argument
done
case $name in
  fengsui_capture | fengsui_protocols | fengsui_signatures | fengsui_files | fengsui_sensor)
    read -ra options <<<"${COUNTED:-}"
    set -- "$@" "${options[@]}"
    ;;
  fengsui)
    read -ra options <<<"${COUNTED_PROGRAM:-}"
    set -- "$@" "${options[@]}"
    ;;
esac
exec "$compiler" "$@"
