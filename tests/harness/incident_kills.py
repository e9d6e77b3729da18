#!/usr/bin/env python3
"""Kills the real analyzer at random points and compares its incidents with those of a run that nobody disturbed.

Usage: incident_kills.py [--program PATH] [--kills N] [--events N] [--seed N]

The same records are read from a file by `fengsui analyzer` twice: once to the end, once with kill -9 after random times. A run is
at its end when the saved state has the last record. Then every incident that is not taken back must be the same: id, title,
risk, proposed grade, times, entities, members, explanation. Exit code 1 when one differs.
"""

import argparse
import json
import random
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
START = 1_772_323_200  # 2026-03-01T00:00:00Z
PATIENCE_S = 240


def stamp(second: float) -> str:
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(START + int(second)))
    return f"{whole}.{int(second % 1 * 1e6):06}+0000"


def flow(at, source, target, port, **more):
    return at, {"event_type": "flow", "src_ip": source, "dest_ip": target, "src_port": 40000 + int(at) % 20000,
                "dest_port": port, "proto": "TCP", "flow": {"bytes_toserver": 900, "bytes_toclient": 5000}, **more}


def alert(at, source, target, number, title, category="Web Application Attack", severity=1):
    return at, {"event_type": "alert", "src_ip": source, "dest_ip": target, "src_port": 40001, "dest_port": 80,
                "proto": "TCP", "alert": {"signature_id": number, "signature": title, "category": category,
                                          "severity": severity}}


def records(count: int):
    """Half a day: background, alerts that repeat, and four attacks that have nothing in common."""
    numbers = random.Random(4)
    made = []
    for _ in range(count):
        at = numbers.uniform(0, 43_200)
        source, target = f"10.1.{numbers.randrange(4)}.{numbers.randrange(200)}", f"192.0.2.{numbers.randrange(200)}"
        made.append(flow(at, source, target, 443))
        if numbers.random() < 0.02:
            made.append(alert(at, source, target, 2_100_000 + numbers.randrange(6), "POLICY something common",
                              "Potentially Bad Traffic", 3))
    for attack in range(4):
        begin, attacker, victim = 5_000 + attack * 9_000, f"198.51.100.{10 + attack}", f"10.1.1.{50 + attack}"
        for port in range(60):
            made.append(flow(begin + port * 0.5, attacker, victim, 1_000 + port))
        for step in range(5):
            made.append(alert(begin + 60 + step * 40, attacker, victim, 9_000_000 + attack * 10 + step,
                              f"exploit number {attack} {step}"))
        made.append(alert(begin + 400, victim, "203.0.113.250", 9_100_000 + attack, "beacon of a trojan",
                          "A Network Trojan was detected"))
    made.sort(key=lambda record: record[0])
    return [json.dumps({"timestamp": stamp(at), **record}) for at, record in made]


class Node:
    """One data folder with its settings."""

    def __init__(self, program: Path, folder: Path, source: Path):
        self.program, self.folder, self.data = program, folder, folder / "data"
        folder.mkdir()
        self.settings = folder / "fengsui.toml"
        self.settings.write_text(
            f'[data]\ndirectory = "{self.data}"\n[analyzer]\nsnapshot_interval_ms = 1000\n'
            f'[[analyzer.receivers.files]]\npath = "{source}"\nsource = "eve"\n')

    def start(self):
        with open(self.folder / "log", "ab") as log:
            return subprocess.Popen([self.program, "analyzer", "-C", self.settings], stdout=subprocess.DEVNULL, stderr=log)

    def saved(self) -> int:
        """The last record in the saved state; -1 when there is none."""
        path = self.data / "analyzer" / "state.snapshot"
        head = path.open("rb").read(16) if path.exists() else b""
        return struct.unpack("<Q", head[8:])[0] if len(head) == 16 and head.startswith(b"FSSNAP02") else -1

    def finish(self, count: int):
        process, end, before = self.start(), time.monotonic() + PATIENCE_S, (-1, 0.0)
        while True:
            if process.poll() is not None or time.monotonic() > end:
                process.kill()
                sys.exit(f"{self.folder.name} stopped at record {self.saved()} of {count}; see its log:\n"
                         + (self.folder / "log").read_text()[-2000:])
            saved = self.saved()
            if saved != before[0]:
                before = (saved, time.monotonic())
            elif saved >= count - 1 and time.monotonic() - before[1] > 3:
                break
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        if process.wait(60) != 0:
            sys.exit(f"{self.folder.name} did not end cleanly")
        return saved + 1

    def incidents(self):
        database = sqlite3.connect(self.data / "console.db")
        rows = database.execute(
            "SELECT id, title, risk, proposed_grade, start_time, end_time, body FROM incident WHERE machine = 1 AND ended IS NULL")
        found = {}
        for *row, body in rows.fetchall():
            body = json.loads(body)
            body.pop("revision", None)
            members = database.execute("SELECT id FROM alert WHERE incident_id = ? ORDER BY id", (row[0],)).fetchall()
            found[row[0]] = (row, body, members)
        return found


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--program", type=Path, default=TOP / "target/debug/fengsui")
    arguments.add_argument("--kills", type=int, default=10)
    arguments.add_argument("--events", type=int, default=6_000)
    arguments.add_argument("--seed", type=int, default=1)
    asked = arguments.parse_args()
    numbers = random.Random(asked.seed)
    folder = Path(tempfile.mkdtemp(prefix="fengsui-kills-"))
    lines = records(asked.events)
    source = folder / "eve.json"
    source.write_text("\n".join(lines) + "\n")
    undisturbed = Node(asked.program, folder / "undisturbed", source)
    undisturbed.finish(len(lines))
    expected = undisturbed.incidents()
    killed = Node(asked.program, folder / "killed", source)
    for _ in range(asked.kills):
        process = killed.start()
        time.sleep(numbers.uniform(0.1, 3))
        process.kill()
        process.wait()
    taken = killed.finish(len(lines))
    found = killed.incidents()
    differing = [id for id in expected.keys() | found.keys() if expected.get(id) != found.get(id)]
    for id in differing[:2]:
        print(f"undisturbed: {expected.get(id)}\nkilled:      {found.get(id)}\n")
    if len(expected) < 4 or differing:
        sys.exit(f"{len(differing)} of {len(expected)} incidents differ after {asked.kills} kills; kept in {folder}")
    shutil.rmtree(folder)
    print(f"{len(expected)} incidents of {len(lines)} records ({taken} taken) are the same after {asked.kills} kills")


if __name__ == "__main__":
    main()
