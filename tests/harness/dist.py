#!/usr/bin/env python3
"""Builds the program as it is shipped: target/dist/fengsui.

  tests/harness/dist.py                  count on our own captures, then build
  tests/harness/dist.py --profile FILE   build by what was counted before

The crates that packets go through are built with counters; the sensor reads our own captures with our own rules and so
counts what runs how often; they are built once more with what runs often close together and the rest out of its way
(profile-guided optimisation of rustc and LLVM). What was counted is kept beside the program, as target/dist/fengsui.profdata.
Needs llvm-profdata of the LLVM the compiler has: `tests/harness/install.sh dist`, as root, installs it.
"""
import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from bench import TOP, merged

BUILD = TOP / "target/shipped"
OUT = TOP / "target/dist"
# What packets go through. What a sensor's traffic never calls, such as the console, would be taken for what is never called.
COUNTED = ["fengsui-capture", "fengsui-protocols", "fengsui-signatures", "fengsui-files", "fengsui-sensor"]
# Size of the capture that is read: what loading rules costs is little against it.
MEGABYTES = 60


def compiler():
    """Version of the compiler's LLVM (its first number), and its host."""
    text = subprocess.run(["rustc", "-vV"], check=True, capture_output=True, text=True).stdout
    told = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)
    return told["LLVM version"].split(".")[0], told["host"]


def merger():
    """The program that merges counts, of the compiler's LLVM."""
    llvm, host = compiler()
    sysroot = subprocess.run(["rustc", "--print", "sysroot"], check=True, capture_output=True, text=True).stdout.strip()
    beside = pathlib.Path(sysroot, "lib/rustlib", host, "bin/llvm-profdata")
    found = shutil.which(f"llvm-profdata-{llvm}") or (str(beside) if beside.exists() else None)
    if found is None:
        sys.exit(f"llvm-profdata of LLVM {llvm} is missing. Run as root: apt-get install llvm-{llvm}, or: rustup component add llvm-tools")
    return found


def build(options, of_program=""):
    """Builds the program, the counted crates anew and with these options; gives its path."""
    cargo = os.environ.get("CARGO", "cargo")
    crates = [word for crate in COUNTED for word in ("-p", crate)]
    subprocess.run([cargo, "clean", "--profile", "dist", "--target-dir", BUILD, *crates], cwd=TOP, check=True)
    wrapper = {"RUSTC_WRAPPER": str(TOP / "tests/harness/counted.sh"), "COUNTED_CRATES": " ".join(COUNTED)}
    environment = {**os.environ, **wrapper, "COUNTED": options, "COUNTED_PROGRAM": of_program}
    command = [cargo, "build", "--profile", "dist", "--locked", "-p", "fengsui", "--target-dir", BUILD]
    subprocess.run(command, cwd=TOP, check=True, env=environment)
    return BUILD / "dist/fengsui"


def count(program, folder):
    """What a sensor does on our own captures, with our own rules."""
    capture = merged(sorted((TOP / "tests/pcaps").glob("*.pcap")), folder, MEGABYTES)
    rules = [word for path in sorted((TOP / "rules/suricata").glob("*.rules")) for word in ("-S", path)]
    command = [program, "sensor", "-r", capture, "-l", folder, *rules]
    subprocess.run(command, check=True, env={**os.environ, "LLVM_PROFILE_FILE": str(folder / "%p.profraw")})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--profile", type=pathlib.Path, help="what was counted before, instead of counting")
    given = parser.parse_args().profile
    OUT.mkdir(parents=True, exist_ok=True)
    kept = OUT / "fengsui.profdata"
    if given is None:
        merge = merger()
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            count(build("-Cprofile-generate", "-Cprofile-generate"), folder)
            subprocess.run([merge, "merge", "-o", kept, *sorted(folder.glob("*.profraw"))], check=True)
    elif given.resolve() != kept:
        shutil.copy(given, kept)
    shutil.copy(build(f"-Cprofile-use={kept}"), OUT / "fengsui")
    print(f"{OUT / 'fengsui'}, by what was counted in {kept}")


if __name__ == "__main__":
    main()
