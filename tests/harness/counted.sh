#!/usr/bin/env bash
# A compiler for what is shipped (RUSTC_WRAPPER): the crates named in COUNTED_CRATES are built with the options of COUNTED, which put
# counters in or lay out by a profile of what these counted; all others as always. The program itself is built with the options of
# COUNTED_PROGRAM: it has to count for the counters of the others to be written down.
set -euo pipefail
compiler=$1
shift
options=
if [[ " $* " =~ \ --crate-name\ ([^ ]+)\  ]]; then
  name=${BASH_REMATCH[1]}
  if [[ $name == fengsui ]]; then options=${COUNTED_PROGRAM:-}; fi
  if [[ " ${COUNTED_CRATES:-} " == *" ${name//_/-} "* ]]; then options=${COUNTED:-}; fi
fi
# shellcheck disable=SC2086 # several options
exec "$compiler" "$@" $options
