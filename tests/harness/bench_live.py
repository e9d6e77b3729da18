#!/usr/bin/env python3
"""Measures live capture: a veth pair between two network namespaces, tcpreplay on one end, the sensor on the other.

  tests/harness/bench_live.py [--capture FILE] [--rules FILE] [--rate MBIT] [--seconds N]

Needs root (or CAP_NET_ADMIN), iproute2 and tcpreplay. Prints what the ring alone costs per packet and what it dropped,
then the same with one worker of the sensor and the rules: packets sent, seen, inspected, and each named loss. Judges
nothing; what was measured depends on what else the machine does, so the load stands beside it.
"""
import argparse
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
BINARY = TOP / "target/dist/fengsui"
RING = TOP / "target/release/examples/ring"
SENDER, RECEIVER = f"fs-send-{os.getpid()}", f"fs-recv-{os.getpid()}"
PAIR = ("fsbench0", "fsbench1")


def run(*words, **options):
    return subprocess.run(words, check=True, text=True, capture_output=True, **options).stdout


def inside(namespace, *words):
    return ["ip", "netns", "exec", namespace, *map(str, words)]


class Namespaces:
    """Two namespaces joined by a veth pair; gone at the end."""

    def __enter__(self):
        for name in (SENDER, RECEIVER):
            run("ip", "netns", "add", name)
        run("ip", "link", "add", PAIR[0], "netns", SENDER, "type", "veth", "peer", "name", PAIR[1], "netns", RECEIVER)
        for name, interface in zip((SENDER, RECEIVER), PAIR):
            run(*inside(name, "ip", "link", "set", interface, "mtu", "9000", "up"))
        return self

    def __exit__(self, *_):
        for name in (SENDER, RECEIVER):
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


def replay(capture, rate, seconds):
    """Packets that tcpreplay says it has sent."""
    command = inside(SENDER, "tcpreplay", "-q", "-i", PAIR[0], "-M", rate, "--loop", "0", "--duration", seconds, capture)
    out = subprocess.run(command, text=True, capture_output=True, check=False)
    found = re.search(r"Actual: (\d+) packets \((\d+) bytes\)", out.stdout)
    if not found:
        sys.exit(f"tcpreplay failed: {out.stderr.strip()[:400]}")
    return int(found[1]), int(found[2])


def cpu_seconds(process):
    """What a process has used so far; `ip netns exec` becomes the program it starts."""
    fields = pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def ring_alone(options):
    process = subprocess.Popen(
        inside(RECEIVER, RING, PAIR[1], options.seconds + 3), stdout=subprocess.PIPE, text=True
    )
    time.sleep(1)
    sent, _ = replay(options.capture, options.rate, options.seconds)
    print(f"ring    sent {sent}; {process.communicate()[0].strip()}")


def whole_sensor(options):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        # The sensor does not stay root and has to get at its own folder.
        folder.chmod(0o755)
        settings = folder / "fengsui.toml"
        settings.write_text(f'[data]\ndirectory = "{folder / "data"}"\n')
        command = inside(RECEIVER, BINARY, "--config", settings, "sensor", "-i", PAIR[1], "-l", folder / "log")
        command += [word for rule in options.rules for word in ("-S", str(rule))]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        time.sleep(6)
        before = cpu_seconds(process.pid)
        sent, size = replay(options.capture, options.rate, options.seconds)
        time.sleep(2)
        cpu = cpu_seconds(process.pid) - before
        process.send_signal(signal.SIGINT)
        _, messages = process.communicate(timeout=60)
        eve = folder / "log/eve.json"
        records = [json.loads(line) for line in eve.read_text().splitlines()] if eve.exists() else []
    last = [record["visibility"] for record in records if record["event_type"] == "visibility"][-1:]
    if not last:
        sys.exit(f"the sensor told nothing: {messages[-400:]}")
    seen = last[0]
    losses = {cause: count for cause, count in dict(seen["losses"]).items() if count}
    print(f"sensor  sent {sent} packets ({size * 8 / options.seconds / 1e6:.0f} Mbit/s), seen {seen['packets_seen']}, "
          f"inspected {seen['packets_inspected']}, losses {losses or 'none'}, "
          f"{cpu * 1e6 / max(1, seen['packets_seen']):.2f} us CPU per packet")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--capture", type=pathlib.Path, default=TOP / "tests/pcaps/normal-web-dns.pcap")
    parser.add_argument("--rules", action="append", type=pathlib.Path, default=[])
    parser.add_argument("--rate", type=int, default=500)
    parser.add_argument("--seconds", type=int, default=10)
    options = parser.parse_args()
    for binary in (BINARY, RING):
        if not binary.exists():
            sys.exit(f"{binary} is missing: run make bench-live")
    print(f"load average {os.getloadavg()[0]:.2f}, {os.cpu_count()} cores, {options.rate} Mbit/s for {options.seconds} s")
    with Namespaces():
        ring_alone(options)
        whole_sensor(options)


if __name__ == "__main__":
    main()
