#!/usr/bin/env bash
# Starts the real program on the captures of the repository and plays the browser stories against it; then two nodes, a
# province above a county that sees the captures, for the stories of the first run, of a prefecture's node that joins, and
# of evidence that is asked for.
# Everything it makes is in a temporary folder; FENGSUI_BIN names another binary, FENGSUI_STORIES the stories to play
# (`all`, `one` node or `two`).
set -euo pipefail
cd "$(dirname "$0")/../.."
binary=$(realpath "${FENGSUI_BIN:-target/debug/fengsui}")
stories=${FENGSUI_STORIES:-all}
folder=$(mktemp -d)
pids=()
stop() {
  for pid in "${pids[@]}"; do
    if kill -0 "$pid" 2>/dev/null; then
      kill -INT "$pid" && wait "$pid" || true
    fi
  done
  pids=()
}
finish() {
  status=$?
  stop
  if ((status != 0)); then
    echo "--- last lines of the programs' logs"
    tail -n 60 "$folder"/log* || true
  fi
  rm -rf "$folder"
  exit "$status"
}
trap finish EXIT

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# Waits until the newest program answers at a port, and has written a file when one is named.
await_answer() {
  local port=$1 file=${2:-}
  for _ in $(seq 1 600); do
    if { [[ -z $file ]] || [[ -s $file ]]; } && curl -fs "http://127.0.0.1:$port/healthz" >/dev/null; then return; fi
    kill -0 "${pids[-1]}" 2>/dev/null || { echo "the program ended before it was ready"; exit 1; }
    sleep 0.1
  done
  echo "the console at $port did not answer within 60 s"
  exit 1
}

if [[ $stories != two ]]; then
  port=$(free_port)
  "$binary" demo --port "$port" --data "$folder/data" --accounts "$folder/accounts.json" >"$folder/out" 2>"$folder/log" &
  pids+=($!)
  await_answer "$port" "$folder/accounts.json"
  (cd console/web && FENGSUI_E2E_URL="http://127.0.0.1:$port" FENGSUI_E2E_ACCOUNTS="$folder/accounts.json" npm run e2e -- --project=pages --project=story)
  stop
fi

if [[ $stories != one ]]; then
  above=$(free_port)
  below=$(free_port)
  between=$(free_port)
  cat >"$folder/province.toml" <<END
[data]
directory = "$folder/province"
[listen]
console = "127.0.0.1:$above"
END
  cat >"$folder/county.toml" <<END
[data]
directory = "$folder/county"
[console]
unit = "620123"
[console.tier]
parent = "http://127.0.0.1:$above"
plain = true
END
  cat >"$folder/prefecture.toml" <<END
[data]
directory = "$folder/prefecture"
[listen]
console = "127.0.0.1:$between"
[console]
unit = "620100"
[console.tier]
parent = "http://127.0.0.1:$above"
plain = true
END
  "$binary" console --without-analyzer -C "$folder/province.toml" >"$folder/out-province" 2>"$folder/log-province" &
  pids+=($!)
  await_answer "$above"
  code=$("$binary" node code 620123 -C "$folder/province.toml" 2>/dev/null)
  fingerprint=$("$binary" node enrol --code "$code" -C "$folder/county.toml" 2>/dev/null)
  "$binary" node approve 620123 --fingerprint "$fingerprint" -C "$folder/province.toml"
  "$binary" demo -C "$folder/county.toml" --port "$below" --data "$folder/county" --accounts "$folder/county.json" >"$folder/out-county" 2>"$folder/log-county" &
  pids+=($!)
  await_answer "$below" "$folder/county.json"
  setup=$(sed -n 's/.*set-up code \([A-Za-z0-9-]*\).*/\1/p' "$folder/log-province" | head -n 1)
  (cd console/web && FENGSUI_E2E_ABOVE="http://127.0.0.1:$above" FENGSUI_E2E_SETUP="$setup" FENGSUI_E2E_URL="http://127.0.0.1:$below" \
    FENGSUI_E2E_ACCOUNTS="$folder/county.json" FENGSUI_E2E_BINARY="$binary" \
    FENGSUI_E2E_PREFECTURE="$folder/prefecture.toml" FENGSUI_E2E_PREFECTURE_PORT="$between" npm run e2e -- --project=tiers)
fi
