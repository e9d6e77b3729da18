#!/usr/bin/env bash
# Starts the real program on the captures of the repository and plays the browser stories against it.
# Everything it makes is in a temporary folder; FENGSUI_BIN names another binary.
set -euo pipefail
cd "$(dirname "$0")/../.."
binary=${FENGSUI_BIN:-target/debug/fengsui}
folder=$(mktemp -d)
pid=
finish() {
  status=$?
  if [[ -n $pid ]] && kill -0 "$pid" 2>/dev/null; then
    kill -INT "$pid" && wait "$pid" || true
  fi
  if ((status != 0)); then
    echo "--- last lines of the program's log"
    tail -n 60 "$folder/log" || true
  fi
  rm -rf "$folder"
  exit "$status"
}
trap finish EXIT

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$binary" demo --port "$port" --data "$folder/data" --accounts "$folder/accounts.json" >"$folder/out" 2>"$folder/log" &
pid=$!
for _ in $(seq 1 600); do
  if [[ -s $folder/accounts.json ]] && curl -fs "http://127.0.0.1:$port/healthz" >/dev/null; then break; fi
  kill -0 "$pid" 2>/dev/null || { echo "the program ended before it was ready"; exit 1; }
  sleep 0.1
done
curl -fs "http://127.0.0.1:$port/healthz" >/dev/null || { echo "the console did not answer within 60 s"; exit 1; }
cd console/web
FENGSUI_E2E_URL="http://127.0.0.1:$port" FENGSUI_E2E_ACCOUNTS="$folder/accounts.json" npm run e2e
