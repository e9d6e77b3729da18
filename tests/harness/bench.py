#!/usr/bin/env python3
"""Measures the release binary: sensor, data protection, spool. Prints figures and judges nothing.

  tests/harness/bench.py [--capture FILE]… [--rules FILE] [--rounds N]

Every figure is the median of several runs of a whole process, with the machine's load beside it: compare figures of one
run with each other, not with those of another machine. The sensor's speed is that after loading, which a run over no
packets measures, with the rules and without any. Where `suricata` is on PATH it runs on the same input.
"""
import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
BINARY = TOP / "target/release/fengsui"


def measure(command, rounds):
    """Median of wall and CPU seconds, and the largest resident size in MiB, of a command."""
    walls, cpus, peak = [], [], 0
    for _ in range(rounds):
        start = time.monotonic()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        walls.append(time.monotonic() - start)
        cpus.append(usage.ru_utime + usage.ru_stime)
        peak = max(peak, usage.ru_maxrss / 1024)
        if os.waitstatus_to_exitcode(status) not in (0, 1):
            sys.exit(f"failed: {' '.join(map(str, command))}")
    return statistics.median(walls), statistics.median(cpus), peak


def packets_of(capture):
    """Packets of a classic pcap file."""
    data = capture.read_bytes()
    order = "little" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else "big"
    position, count = 24, 0
    while position + 16 <= len(data):
        position += 16 + int.from_bytes(data[position + 8 : position + 12], order)
        count += 1
    return count


def merged(captures, folder, megabytes):
    """One capture file of about this size: the given ones again and again (they share one link type and byte order)."""
    header, body = None, b""
    for capture in captures:
        data = capture.read_bytes()
        header = header or data[:24]
        body += data[24:]
    path = folder / "merged.pcap"
    with open(path, "wb") as out:
        out.write(header)
        for _ in range(max(1, megabytes * 1_000_000 // len(body))):
            out.write(body)
    return path


def sensor(capture, rules, rounds, folder):
    bits, packets = capture.stat().st_size * 8, packets_of(capture)
    options = [word for rule in rules for word in ("-S", str(rule))]
    engines = [("fengsui", [str(BINARY), "sensor"])]
    if shutil.which("suricata"):
        engines.append(("suricata", ["suricata", "--runmode=single"]))
    empty = folder / "empty.pcap"
    empty.write_bytes(bytes.fromhex("d4c3b2a1020004000000000000000000 0000040001000000"))
    for name, command in engines:
        for rules_name, chosen in (("rules", options), ("none", [])):
            # Without any said, Suricata takes the rules of its installation.
            words = ["-l", str(folder), *(chosen or (["-S", os.devnull] if name == "suricata" else []))]
            _, loading, loaded = measure([*command, "-r", str(empty), *words], rounds)
            wall, cpu, peak = measure([*command, "-r", str(capture), *words], rounds)
            busy = max(cpu - loading, 1e-3)
            print(f"sensor  {name:9} {rules_name:5} {capture.name:16} {bits / busy / 1e9:6.2f} Gbit/s per CPU second  "
                  f"{packets / busy / 1e3:6.0f} kpkt/s  cpu {busy:6.2f} s after {loading:5.2f} s of loading  wall {wall:6.2f} s  "
                  f"peak {peak:5.0f} MiB, loaded {loaded:5.0f} MiB")


def data_protection(rounds, folder):
    table = folder / "people.csv"
    subprocess.run([sys.executable, str(TOP / "tests/pcaps/personal_data.py"), "100000", str(table)], check=True)
    megabytes = table.stat().st_size / 1e6
    wall, cpu, peak = measure([str(BINARY), "dlp", "scan", "--format", "jsonl", str(table)], rounds)
    print(f"dlp     scan      {megabytes:.0f} MB dense CSV         {megabytes / cpu:7.1f} MB/s per CPU second  cpu {cpu:6.2f} s  wall {wall:6.2f} s  peak {peak:6.0f} MiB")
    masking(rounds, folder)


def masking(rounds, folder):
    """Masks a table of ten columns by the standard policy, and one column of identity numbers by encryption alone."""
    sys.path.insert(0, str(TOP / "tests/pcaps"))
    from personal_data import resident_id, row
    import random

    rng, rows = random.Random(20260102), 200_000
    table, numbers, policy = folder / "ten.csv", folder / "numbers.csv", folder / "encrypt.toml"
    policy.write_text("id='encrypt'\ntitle='t'\nversion='1'\notherwise='ff1'\n")
    with open(table, "w", encoding="utf-8") as out:
        out.write("序号,姓名,身份证号,手机号码,银行卡号,家庭住址,邮箱,出生日期,性别,金额\n")
        for number in range(rows):
            cells = row(rng, number)
            born = cells[2][6:14]
            more = [f"u{rng.randint(0, 10**7)}@example.com", f"{born[:4]}-{born[4:6]}-{born[6:]}", rng.choice("男女"), f"{rng.randint(0, 10**7) / 100:.2f}"]
            out.write(",".join(map(str, cells + more)) + "\n")
    with open(numbers, "w", encoding="utf-8") as out:
        out.write("身份证号\n")
        out.writelines(resident_id(rng) + "\n" for _ in range(rows))
    for name, source, rules in (("ten columns", table, "share-standard"), ("FF1 column", numbers, str(policy))):
        command = [str(BINARY), "dlp", "mask", "--policy", rules, "--key", str(folder / "mask.key"), str(source), str(folder / "masked.csv")]
        wall, cpu, peak = measure(command, rounds)
        print(f"dlp     mask      {name:24} {rows / cpu / 1e3:8.0f} k rows/s per CPU second  cpu {cpu:6.2f} s  wall {wall:6.2f} s  peak {peak:6.0f} MiB")


def finding():
    """Speed of finding in memory, and false alarms on made logs; the programs print for themselves."""
    examples = TOP / "target/release/examples"
    for command in ([examples / "speed", "16"], [examples / "false_alarms", "20"]):
        if command[0].exists():
            subprocess.run([str(word) for word in command], check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--capture", action="append", type=pathlib.Path, default=[])
    parser.add_argument("--rules", action="append", type=pathlib.Path, default=[])
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    if not BINARY.exists():
        sys.exit(f"{BINARY} is missing: run make build")
    rules = options.rules or sorted((TOP / "rules/suricata").glob("*.rules"))
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        captures = options.capture or [merged(sorted((TOP / "tests/pcaps").glob("*.pcap")), folder, 100)]
        print(f"load average {os.getloadavg()[0]:.2f}, {os.cpu_count()} cores, median of {options.rounds} runs")
        wall, _, peak = measure([str(BINARY), "settings"], options.rounds)
        print(f"start   settings  {wall * 1000:.0f} ms wall  peak {peak:.0f} MiB")
        for capture in captures:
            sensor(capture, rules, options.rounds, folder)
        data_protection(options.rounds, folder)
        finding()


if __name__ == "__main__":
    main()
