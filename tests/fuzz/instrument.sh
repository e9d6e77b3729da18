#!/usr/bin/env bash
# A compiler for fuzzing (RUSTC_WRAPPER): our own crates are built so that libFuzzer sees which ways an input takes and what it is
# compared with (SanitizerCoverage, which stable compilers have as LLVM passes); the libraries below them as always.
# To instrument all of some four hundred takes hours, and leads the fuzzer into code that is not ours.
set -euo pipefail
compiler=$1
shift
if [[ " $* " =~ \ --crate-name\ fengsui_ ]]; then
  set -- "$@" -C passes=sancov-module -C codegen-units=1 \
    -C llvm-args=-sanitizer-coverage-level=4 \
    -C llvm-args=-sanitizer-coverage-inline-8bit-counters \
    -C llvm-args=-sanitizer-coverage-pc-table \
    -C llvm-args=-sanitizer-coverage-trace-compares
fi
exec "$compiler" "$@"
