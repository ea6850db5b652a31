"""Cold build, no-op and code change of an example spec, and layers from warm sources; JSON on stdout.

Wall and CPU seconds are those of the whole process with its children, as the kernel accounts them; each warm figure is the median
of several runs. The floor of the layers is printed by layers_bench: inflate once + SHA-256 of plain and compressed bytes."""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from floor import system

ROOT = pathlib.Path(__file__).resolve().parents[1]
SPECS = {"sklearn": ROOT / "specs/sklearn-train", "torch": ROOT / "specs/torch-cuda"}


def timed(command):
    """Wall, CPU (of the process and the children it waited for) and peak memory of the largest of them; and stdout."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        begin = time.monotonic()
        child = subprocess.Popen(command, stdout=out, stderr=err)
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.monotonic() - begin
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            err.seek(0)
            sys.exit(f"{command}: exit {child.returncode}\n{err.read().decode()}")
        out.seek(0)
        figures = {"wall_s": round(wall, 4), "cpu_s": round(usage.ru_utime + usage.ru_stime, 4), "peak_memory_bytes": usage.ru_maxrss * 1024}
        return figures, out.read().decode()


def median_of(runs):
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def calibration():
    """One number for the machine's speed today: hashing 256 MiB."""
    import hashlib
    data = bytes(1 << 26)
    begin = time.process_time()
    digest = hashlib.sha256()
    for _ in range(4):
        digest.update(data)
    return round(time.process_time() - begin, 4)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--mlbuild", required=True)
    parser.add_argument("--layers-bench", required=True)
    parser.add_argument("--case", choices=SPECS, default="sklearn")
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    work = pathlib.Path(tempfile.mkdtemp(prefix="mlbuild-bench-"))
    try:
        print(json.dumps(measure(options, work), indent=2))
    finally:
        shutil.rmtree(work, ignore_errors=True)


def measure(options, work):
    spec = work / "spec"
    shutil.copytree(SPECS[options.case], spec)
    build = [options.mlbuild, "--store", str(work / "store"), "--quiet", "build", "--locked", str(spec / "mlbuild.yaml"), "-o", f"oci:{work}/layout"]
    result = {"case": options.case, "machine": {"processors": os.cpu_count(), "system": system()}, "sha256_256MiB_s": calibration()}
    result["cold"], digest = timed(build)
    result["no_op"] = median_of([timed(build)[0] for _ in range(options.runs)])
    if sources := sorted(spec.rglob("*.py")):
        result["code_change"] = median_of([code_change(sources[0], build, number) for number in range(options.runs)])
    # Forced: every layer again from warm sources, without the output.
    forced = build[:-2] + ["--force"]
    result["all_layers_again"] = median_of([timed(forced)[0] for _ in range(3)])
    result["digest"] = digest.strip()
    result["layers"] = layers(options, work, spec)
    return result


def code_change(source, build, number):
    source.write_text(source.read_text() + f"\n# {number}\n")
    return timed(build)[0]


def layers(options, work, spec):
    """The wheels of the lock, linked by file name for layers_bench."""
    lock = json.loads((spec / "mlbuild.lock").read_text())
    wheels = work / "wheels"
    wheels.mkdir()
    for wheel in lock["images"][0]["wheels"]:
        digest = wheel["sha256"].removeprefix("sha256:")
        blob = next(path for path in (work / "store/blobs").rglob(digest))
        os.link(blob, wheels / wheel["filename"])
    return json.loads(subprocess.run([options.layers_bench, wheels, "--threads", str(os.cpu_count())], capture_output=True, text=True, check=True).stdout)


if __name__ == "__main__":
    main()
