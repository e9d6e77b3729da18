#!/usr/bin/env python3
"""Holds the sensor against cases of suricata-verify that it passed before.

  tests/harness/suricata_verify.py [--update] [--binary FILE] [--jobs N]

The cases and their runner lie beside the project, in ../shared; where they are not there is nothing to do. A case of
tests/suricata-verify/passing.txt that fails, or is gone from the suite, is an error. --update runs every case and writes
the list anew: do so when more of them pass, and read the difference before it is committed.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[2]
SHARED = TOP.parent / "shared"
SUITE = SHARED / "data/suricata-verify-dev"
RUNNER = SHARED / "tools/sv_run.py"
LIST = TOP / "tests/suricata-verify/passing.txt"
HEADER = "# Cases of suricata-verify that pass. Made by tests/harness/suricata_verify.py --update.\n"


def run(binary, jobs, folder):
    """Names of all cases and of those that pass."""
    command = [
        sys.executable, str(RUNNER), str(SUITE), "--classes", "A,L,B,C", "--target-version", "9.0.0",
        "-j", str(jobs), "--out", folder,
        "--cmd", f"{binary} sensor {{args}} -l {{out}} {{yaml_opt}} -r {{pcap}} {{rules_opt}}",
    ]
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    results = json.loads((pathlib.Path(folder) / "results.json").read_text())
    counted = [case for case in results if not case.get("skipped")]
    return {case["name"] for case in counted}, {case["name"] for case in counted if case["passed"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--update", action="store_true", help="write the list of passing cases anew")
    parser.add_argument("--binary", type=pathlib.Path, default=TOP / "target/debug/fengsui")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    if not (SUITE.is_dir() and RUNNER.is_file()):
        print(f"suricata-verify: {SUITE} is not there; nothing to do")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        every, passing = run(options.binary, options.jobs, folder)
    if options.update:
        LIST.write_text(HEADER + "".join(f"{name}\n" for name in sorted(passing)))
        print(f"suricata-verify: {len(passing)} of {len(every)} cases pass; list written")
        return 0
    expected = {line for line in LIST.read_text().splitlines() if line and not line.startswith("#")}
    broken = sorted(expected - passing)
    for name in broken:
        print(f"suricata-verify: {name} passed before and {'fails' if name in every else 'is gone'}")
    more = len(passing - expected)
    print(f"suricata-verify: {len(passing)} of {len(every)} cases pass, {len(broken)} of the list do not, {more} more than the list")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
