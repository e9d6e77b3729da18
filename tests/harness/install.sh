#!/usr/bin/env bash
# Installs what a command needs when run as root on Debian or Ubuntu; otherwise says exactly what to install.
# Usage: install.sh demo|test|dist
set -euo pipefail
purpose=${1:?demo, test or dist}

missing_tools=()
for tool in cargo node npm; do
  command -v "$tool" >/dev/null || missing_tools+=("$tool")
done
if ((${#missing_tools[@]})); then
  echo "missing: ${missing_tools[*]}. Install Rust 1.95 (rustup) and Node.js 20 or newer with npm, then run this again." >&2
  exit 1
fi

packages=()
need() { command -v "$1" >/dev/null || packages+=("$2"); }
need cc build-essential
need git git
need curl curl
if [[ $purpose == test ]]; then
  need mariadbd mariadb-server
  need chromium chromium
  need openssl openssl
  need valgrind valgrind
  need logger bsdutils
  python3 -c 'import ensurepip' 2>/dev/null || packages+=(python3-venv)
  compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || packages+=(postgresql)
  [[ -n $(find /usr/share/fonts -name 'NotoSansCJK*' -print -quit 2>/dev/null) ]] || packages+=(fonts-noto-cjk)
fi
if [[ $purpose == dist ]]; then
  # Counts of instrumented code are merged by the tool of the compiler's own LLVM.
  llvm=$(rustc -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')
  [[ -n $(find "$(rustc --print sysroot)" -name llvm-profdata -print -quit) ]] || need "llvm-profdata-$llvm" "llvm-$llvm"
fi
if ((${#packages[@]})); then
  if [[ $(id -u) != 0 ]]; then
    echo "missing Debian packages. Run: sudo apt-get install ${packages[*]}" >&2
    exit 1
  fi
  echo "installing: ${packages[*]}"
  apt-get update -q >/dev/null
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${packages[@]}" >/dev/null
fi
if [[ $purpose == test ]] && ! cargo nextest --version >/dev/null 2>&1; then
  echo "installing cargo-nextest"
  cargo install --locked cargo-nextest
fi
# Outside of the repository, because it is no part of it; the harness looks for it there.
tools=${XDG_CACHE_HOME:-$HOME/.cache}/fengsui-schemathesis
if [[ $purpose == test ]] && ! command -v schemathesis >/dev/null && [[ ! -x $tools/bin/schemathesis ]]; then
  echo "installing schemathesis into $tools"
  python3 -m venv "$tools"
  "$tools/bin/pip" install --quiet 'schemathesis==4.32.5'
fi
