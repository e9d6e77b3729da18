#!/usr/bin/env python3
"""Measures the program as it is shipped: sensor, data protection. Prints figures and judges nothing.

  tests/harness/bench.py [--capture FILE]… [--rules FILE]… [--rounds N] [--binary FILE] [--only-sensor]

Every figure is the median of several runs of a whole process, with the machine's load beside it: compare figures of one
run with each other, not with those of another machine. The sensor's speed is that after loading, which a run over one
packet measures, with the rules and without any. Where `suricata` is on PATH (on Debian 12 it is in bookworm-backports) it
runs on the same input, by turns with a sensor that has the same suricata.yaml, and what it needs of the processor is told
as a multiple of the sensor's. --binary names another build of the program, such as target/release/fengsui.
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
BINARY = TOP / "target/dist/fengsui"
SURICATA_SETTINGS = pathlib.Path("/etc/suricata/suricata.yaml")


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


def order_of(header):
    """Byte order of a classic pcap file, by its first bytes."""
    return "little" if header[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else "big"


def packets_of(capture):
    """Packets of a classic pcap file. It is not read as a whole: what this program holds counts for those it starts."""
    count = 0
    with open(capture, "rb") as file:
        order = order_of(file.read(24))
        while len(record := file.read(16)) == 16:
            file.seek(int.from_bytes(record[8:12], order), os.SEEK_CUR)
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


def first_packet(capture, folder):
    """A capture of the first packet of a classic pcap file: reading it is loading, and next to nothing else."""
    with open(capture, "rb") as file:
        data = file.read(1 << 20)
    path = folder / "one.pcap"
    path.write_bytes(data[: 40 + int.from_bytes(data[32:36], order_of(data))])
    return path


def engines(binary):
    """Names and commands: the sensor, and beside Suricata the sensor as Suricata's settings have it."""
    sensor = [str(binary), "sensor"]
    found = [("fengsui", sensor)]
    if shutil.which("suricata"):
        settings = ["-c", str(SURICATA_SETTINGS)] if SURICATA_SETTINGS.exists() else []
        found += [("fengsui -c", [*sensor, *settings]), ("suricata", ["suricata", "--runmode=single", *settings])]
    return found


def by_turns(rows, captures, words, rounds):
    """Medians of CPU seconds and wall seconds and the largest size, by name and by capture. The commands take turns, as
    the speed of a shared machine changes."""
    measured = {(name, capture): [] for name, _ in rows for capture in captures}
    for _ in range(rounds):
        for name, command in rows:
            for capture in captures:
                measured[name, capture].append(measure([*command, "-r", str(capture), *words], 1))
    columns = {key: list(zip(*values)) for key, values in measured.items()}
    return {key: (statistics.median(walls), statistics.median(cpus), max(peaks)) for key, (walls, cpus, peaks) in columns.items()}


def sensor(capture, rules, rounds, folder, binary):
    bits, packets = capture.stat().st_size * 8, packets_of(capture)
    one, rows = first_packet(capture, folder), engines(binary)
    for rules_name, chosen in (("rules", rules), ("none", [os.devnull])):
        words = ["-l", str(folder), *(word for rule in chosen for word in ("-S", str(rule)))]
        taken = by_turns(rows, (one, capture), words, rounds)
        busy = {name: max(taken[name, capture][1] - taken[name, one][1], 1e-3) for name, _ in rows}
        for name, cpu in busy.items():
            (_, loading, loaded), (wall, _, peak) = taken[name, one], taken[name, capture]
            print(f"sensor  {name:10} {rules_name:5} {capture.name:16} {bits / cpu / 1e9:6.2f} Gbit/s per CPU second  "
                  f"{packets / cpu / 1e3:6.0f} kpkt/s  cpu {cpu:6.2f} s after {loading:5.2f} s of loading  wall {wall:6.2f} s  "
                  f"peak {peak:5.0f} MiB, loaded {loaded:5.0f} MiB")
        if "suricata" in busy:
            times = busy["suricata"] / busy["fengsui -c"]
            print(f"sensor  {rules_name:5} {capture.name:16} suricata takes {times:.2f} times the CPU seconds of the sensor with its settings")


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
    parser.add_argument("--binary", type=pathlib.Path, default=BINARY)
    parser.add_argument("--only-sensor", action="store_true", help="leave data protection out")
    options = parser.parse_args()
    if not options.binary.exists():
        sys.exit(f"{options.binary} is missing: run make dist")
    rules = options.rules or sorted((TOP / "rules/suricata").glob("*.rules"))
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        captures = options.capture or [merged(sorted((TOP / "tests/pcaps").glob("*.pcap")), folder, 100)]
        print(f"load average {os.getloadavg()[0]:.2f}, {os.cpu_count()} cores, median of {options.rounds} runs")
        wall, _, peak = measure([str(options.binary), "settings"], options.rounds)
        print(f"start   settings  {wall * 1000:.0f} ms wall  peak {peak:.0f} MiB")
        for capture in captures:
            sensor(capture, rules, options.rounds, folder, options.binary)
        if not options.only_sensor:
            data_protection(options.rounds, folder)
            finding()


if __name__ == "__main__":
    main()
