#!/usr/bin/env bash
# Accept rate of the spool with fdatasync, its recovery per GiB, and the rate of the audit chain. Usage: bench_relay.sh [FOLDER]
set -euo pipefail
cd "$(dirname "$0")/../.."
cargo build --release --locked -p fengsui-relay -p fengsui-crypto --examples
folder=$(mktemp -d "${1:-/tmp}/spool-XXXXXX")
trap 'rm -rf "$folder"' EXIT
echo "spool: 16 writers, 100 records of 500 bytes a call"
target/release/examples/spool_bench "$folder/a" 16 100 10
echo "spool: 64 writers, 20 records a call"
target/release/examples/spool_bench "$folder/b" 64 20 10
echo "recovery of what the first one wrote"
target/release/examples/spool_bench "$folder/a" 1 1 0
echo "audit chain: entries of 500 bytes"
target/release/examples/chain_bench
