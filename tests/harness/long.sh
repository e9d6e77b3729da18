#!/usr/bin/env bash
# The hour-long runs: many more cases of every property test, and kills of the real program at random moments.
# Usage: long.sh [CASES] [KILLS] [ROUNDS]     (about an hour with the defaults on 2 cores)
set -euo pipefail
cd "$(dirname "$0")/../.."
# Runs of an hour are no tests that hang (.config/nextest.toml).
export NEXTEST_PROFILE=long
cases=${1:-20000}
kills=${2:-200}

echo "property tests with $cases cases each"
PROPTEST_CASES=$cases cargo nextest run --workspace --locked --no-fail-fast \
  -E 'not package(fengsui) and not package(fengsui-tidy)'

echo "four simulated nodes, 20,000 seeds; $((kills * 10)) kills of a process that writes to a spool"
FENGSUI_TIER_SEEDS=20000 FENGSUI_KILLS=$((kills * 10)) cargo nextest run -p fengsui-relay --locked --no-fail-fast \
  -E 'binary(tiers) or binary(kill)'

echo "a sensor and an analyzer: 50,000 simulated seeds; 60 kills and cuts of the real programs"
FENGSUI_UPLINK_SEEDS=50000 cargo nextest run -p fengsui-relay --locked -E 'binary(uplink)'
FENGSUI_UPLINK_KILLS=60 cargo nextest run -p fengsui --locked -E 'test(what_a_sensor_accepted_arrives_once)'

echo "three real nodes: 20,000 messages, 20 faults; an urgent message behind 20,000"
for seed in 1 2 3; do
  FENGSUI_TIER_SEED=$seed FENGSUI_TIER_MESSAGES=20000 FENGSUI_TIER_FAULTS=20 \
    cargo nextest run -p fengsui --locked -E 'test(nothing_is_lost_between_three_tiers) or test(nothing_is_lost_between_namespaces)'
done
FENGSUI_TIER_MESSAGES=5000 cargo nextest run -p fengsui --locked -E 'test(orders_pass_a_backlog) or test(an_order_passes_a_backlog)'

echo "$((kills * 10)) kills of the program while records come in over HTTP; ten minutes of twice the records that can be analysed"
FENGSUI_PROGRAM_KILLS=$((kills * 10)) FENGSUI_OVERLOAD_SECONDS=600 FENGSUI_KILL_SEED=$RANDOM \
  cargo nextest run -p fengsui --locked --no-fail-fast --success-output final -E 'binary(endurance)'

echo "every operation of the interface as every role, 60 examples of each"
cargo build --locked -p fengsui
tests/harness/openapi.py 60

echo "a million mutated packets for decoding and for every parser"
make mutated N="${FENGSUI_MUTATIONS:-1000000}"

echo "work against size, up to 1 MiB"
FENGSUI_DOUBLING_BYTES=524288 cargo nextest run -p fengsui-fuzz --locked -E 'test(grows_with_the)'

echo "tracing of attacked copies among a thousand recipients"
cargo run --release --locked -p fengsui-dlp-gateway --example trace_trial -- "${3:-400}"

echo "100 kills of the analyzer: its incidents stay the same"
cargo build --locked -p fengsui
tests/harness/incident_kills.py --kills 100 --events 20000

echo "$kills kills of the running demo"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for number in $(seq 1 "$kills"); do
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  target/debug/fengsui demo --fast --port "$port" --data "$folder/data" >"$folder/out" 2>"$folder/log" &
  pid=$!
  sleep "$(python3 -c 'import random; print(random.uniform(0.2, 6))')"
  kill -9 "$pid"
  wait "$pid" 2>/dev/null || true
  if [[ -f $folder/data/console.db ]]; then
    target/debug/fengsui audit verify --data "$folder/data" >/dev/null || { echo "kill $number broke the audit chain"; exit 1; }
  fi
done
# After all kills the program must come up, take up everything that was accepted, and end cleanly.
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
target/debug/fengsui demo --fast --port "$port" --data "$folder/data" >"$folder/out" 2>"$folder/log" &
pid=$!
for _ in $(seq 1 600); do
  metrics=$(curl -fs "http://127.0.0.1:$port/metrics" || true)
  flight=$(awk '$1 == "fengsui_pipeline_records_in_flight" { print $2 }' <<<"$metrics")
  read_count=$(awk '$1 == "fengsui_pipeline_records_read" { print $2 }' <<<"$metrics")
  [[ ${flight:-1} == 0 && ${read_count:-0} -gt 0 ]] && break
  sleep 0.2
done
awk '/fengsui_pipeline_(records_read|events_indexed|records_quarantined|records_repeated|records_in_flight) / { print }' <<<"$metrics"
awk '/^fengsui_pipeline_records_read /{r=$2} /^fengsui_pipeline_events_indexed /{i=$2} /^fengsui_pipeline_records_quarantined /{q=$2} /^fengsui_pipeline_records_repeated /{p=$2} /^fengsui_pipeline_records_in_flight /{f=$2} END { exit !(r > 0 && r == i + q + p + f) }' <<<"$metrics" \
  || { echo "the account of the pipeline does not balance"; kill -9 "$pid"; exit 1; }
kill -INT "$pid"
wait "$pid"
echo "no kill broke anything"
