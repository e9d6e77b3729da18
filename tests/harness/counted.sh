#!/usr/bin/env bash
# A compiler for what is shipped (RUSTC_WRAPPER): the crates that packets go through are built with the options of COUNTED, which
# put counters in or lay out by a profile of what these counted; all others as always. What a sensor's traffic never calls, such
# as the console, is so not taken for what is never called. The program itself is built with the options of COUNTED_PROGRAM:
# it has to count for the counters of the others to be written down.
set -euo pipefail
compiler=$1
shift
options=
if [[ " $* " =~ \ --crate-name\ ([^ ]+)\  ]]; then
  case ${BASH_REMATCH[1]} in
    fengsui_capture | fengsui_protocols | fengsui_signatures | fengsui_files | fengsui_sensor) options=${COUNTED:-} ;;
    fengsui) options=${COUNTED_PROGRAM:-} ;;
  esac
fi
# shellcheck disable=SC2086 # several options
exec "$compiler" "$@" $options
