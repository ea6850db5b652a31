#!/usr/bin/env python3
"""Strict rules refuse nothing that people use: each wheel of popular_wheels.txt becomes a layer, alone and together with
all others.

usage: real_wheels_test.py WHEEL_TO_TAR DIRECTORY

DIRECTORY keeps the downloads (about 200 MB). The wheels of the example specs are compared with pip by pip_equivalence.py.
"""
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
LIST = HERE / "popular_wheels.txt"
LEAST = 100

# A wheel that a rule refuses, and why the rule is right all the same.
KNOWN_REFUSALS = {}


def pins():
    lines = LIST.read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def download(directory):
    """The wheels for CPython 3.11 on x86-64, whatever runs this script."""
    directory.mkdir(parents=True, exist_ok=True)
    marker = directory / "complete"
    if marker.exists() and marker.read_text() == LIST.read_text():
        return
    platforms = [word for tag in ("manylinux_2_28", "manylinux_2_17", "manylinux2014", "manylinux_2_12", "manylinux2010", "manylinux_2_5",
                                  "manylinux1", "linux") for word in ("--platform", f"{tag}_x86_64")]
    subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--python-version", "3.11",
                    "--implementation", "cp", *platforms, "--dest", directory, *pins()], check=True)
    marker.write_text(LIST.read_text())


def refusal(program, wheels):
    done = subprocess.run([program, *wheels], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    return None if done.returncode == 0 else done.stderr.strip()


def main():
    program, directory = sys.argv[1], pathlib.Path(sys.argv[2])
    download(directory)
    wheels = sorted(directory.glob("*.whl"))
    assert len(wheels) == len(pins()) >= LEAST, f"{len(wheels)} wheels"
    refused = {}
    for wheel in wheels:
        why = refusal(program, [wheel])
        if why and wheel.name not in KNOWN_REFUSALS:
            refused[wheel.name] = why
    together = refusal(program, wheels)
    for name, why in refused.items():
        print(f"{name}: {why}")
    if together:
        print(f"all together: {together}")
    print(f"{len(wheels)} wheels, {len(refused)} refused, {len(KNOWN_REFUSALS)} known")
    return 1 if refused or together else 0


if __name__ == "__main__":
    sys.exit(main())
