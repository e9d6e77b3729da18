#!/usr/bin/env python3
"""Asks every operation of the console's OpenAPI document as each role, with data made from the document and against it,
and fails when the server fails (a 5xx). Usage: openapi.py [EXAMPLES] [ROLE...]

The program is the demo on the captures of the repository, in a temporary folder; FENGSUI_BIN names another binary.
schemathesis is installed by `tests/harness/install.sh test`, outside of the repository."""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

TOP = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("FENGSUI_BIN", str(TOP / "target/debug/fengsui"))
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache"))
SCHEMATHESIS = shutil.which("schemathesis") or str(CACHE / "fengsui-schemathesis/bin/schemathesis")
# Roles that ask at a time: whoever asks spends as long on making data as the server does on answering.
AT_A_TIME = 2
PASSWORD = "Qilian-4-Shan-测试"
# What would end the session that asks or keep the roles after it out, or never ends itself.
LEFT_OUT = r"(/session|/stream)$|^/api/v1/(session|setup|factors)|/tier/|/settings/versions/.*/decide"


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def call(base, path, body, cookie=None):
    headers = {"content-type": "application/json", "x-fengsui-csrf": "1", "origin": base}
    if cookie:
        headers["cookie"] = cookie
    request = urllib.request.Request(f"{base}/api/v1{path}", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        fresh = answer.headers.get("set-cookie")
        return fresh.split(";")[0] if fresh else cookie


def log_in(base, account):
    """The cookie of a session whose one-time password was changed."""
    cookie = call(base, "/session", {"username": account["username"], "password": account["password"]})
    return call(base, "/session/password", {"old_password": account["password"], "new_password": PASSWORD}, cookie)


def until_ready(base, accounts, process):
    for _ in range(1200):
        if process.poll() is not None:
            sys.exit("the program ended before it was ready")
        try:
            urllib.request.urlopen(f"{base}/healthz", timeout=5)
            if accounts.is_file() and accounts.stat().st_size:
                return
        except (urllib.error.URLError, OSError):
            pass
        time.sleep(0.1)
    sys.exit("the console did not answer within 120 s")


def ask(base, role, cookie, examples):
    command = [
        SCHEMATHESIS, "run", f"{base}/api/openapi.json", "--checks", "not_a_server_error", "--max-examples", str(examples),
        "--phases", "examples,coverage,fuzzing", "--seed", "20261126", "--no-shrink", "--continue-on-failure", "--workers", "1",
        "--request-timeout", "60", "--suppress-health-check", "all", "--warnings", "off",
        "--exclude-path-regex", LEFT_OUT, "-H", f"cookie: {cookie}", "-H", "x-fengsui-csrf: 1", "-H", f"origin: {base}",
    ]
    # It keeps what it found in the folder it runs in.
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    told = "\n".join(done.stdout.splitlines()[-(12 if done.returncode == 0 else 400):])
    print(f"--- {role}: exit code {done.returncode}\n{told}", flush=True)
    return done.returncode


def main():
    examples = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    if not pathlib.Path(SCHEMATHESIS).exists():
        sys.exit("schemathesis is missing; run tests/harness/install.sh test")
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        accounts, port = folder / "accounts.json", free_port()
        base = f"http://127.0.0.1:{port}"
        arguments = ["demo", "--fast", "--port", str(port), "--data", str(folder / "data"), "--accounts", str(accounts)]
        with open(folder / "log", "w", encoding="utf-8") as log:
            process = subprocess.Popen([BINARY, *arguments], cwd=TOP, stdout=subprocess.DEVNULL, stderr=log)
        try:
            until_ready(base, accounts, process)
            people = json.loads(accounts.read_text(encoding="utf-8"))
            roles = sys.argv[2:] or sorted(people)
            with ThreadPoolExecutor(AT_A_TIME) as pool:
                codes = pool.map(lambda role: ask(base, role, log_in(base, people[role]), examples), roles)
                failed = [role for role, code in zip(roles, codes) if code]
            alive = process.poll() is None
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)
            errors = [line for line in (folder / "log").read_text(encoding="utf-8").splitlines() if "ERROR" in line]
            print("\n".join(errors[-30:]))
        if failed or not alive:
            sys.exit(f"server errors as {', '.join(failed) or 'nobody, but the program died'}")
        print(f"{len(roles)} roles, {examples} examples of each operation: no server error")


if __name__ == "__main__":
    main()
