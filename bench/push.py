"""Build and push to an empty registry on loopback, beside other programs that push the finished layout to it; JSON on stdout.

mlbuild makes every layer again (`--force`) from sources that its store has, and sends it; `mlbuild_push_only` sends what is made. skopeo and crane send the layout that it wrote
before. Each program gets a registry of its own with nothing in it. `temporary_bytes` is the most that files below TMPDIR and
the store's own temporary directory had at one moment, looked at every 50 ms, and what the store has more afterwards."""

import argparse
import json
import os
import pathlib
import shutil
import stat
import sys
import tempfile
import threading

from cases import without_bytecode
from end_to_end import SPECS, calibration, median_of, timed

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/cli"))
from docker_registry import DockerRegistry  # noqa: E402  (needs the path above)


def bytes_below(*directories):
    """What vanishes while it is looked at does not count."""
    total = 0
    for directory in directories:
        for folder, _, names in os.walk(directory):  # passes over folders that are gone
            for name in names:
                try:
                    status = os.lstat(os.path.join(folder, name))
                except FileNotFoundError:
                    continue
                if stat.S_ISREG(status.st_mode):
                    total += status.st_blocks * 512
    return total


class Watch:
    """The most bytes that were below the directories at one moment."""

    def __init__(self, *directories):
        self._directories, self.most, self._stop = directories, 0, threading.Event()
        self._thread = threading.Thread(target=self._look)

    def _look(self):
        while not self._stop.wait(0.05):
            self.most = max(self.most, bytes_below(*self._directories))

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()


def push(command, work, store):
    """`command(name)` against an empty registry."""
    temporary = work / "tmp"
    temporary.mkdir()
    before = bytes_below(store)
    with DockerRegistry() as registry, Watch(temporary, store / "tmp") as watch:
        figures, _ = timed(["env", f"TMPDIR={temporary}", *command(f"{registry.host}/bench/image:1")])
        figures["sent_bytes"] = registry.stored_bytes()
    figures["temporary_bytes"] = watch.most
    figures["store_growth_bytes"] = bytes_below(store) - before
    shutil.rmtree(temporary)
    return figures


def measure(options, work):
    spec = work / "spec"
    shutil.copytree(SPECS[options.case], spec)
    if options.bytecode == "off":
        (spec / "mlbuild.yaml").write_text(without_bytecode((spec / "mlbuild.yaml").read_text()))
    store, layout = pathlib.Path(options.store or work / "store"), work / "layout"
    build = [options.mlbuild, "--store", str(store), "--quiet", "build", "--locked", str(spec / "mlbuild.yaml")]
    timed([*build, "-o", f"oci:{layout}", "-t", "image:1"])  # warms the store, and makes what the others push
    pushers = {"mlbuild": lambda name: [*build, "--force", "--push", "-t", name],
               "mlbuild_push_only": lambda name: [*build, "--push", "-t", name],
               "skopeo": lambda name: ["skopeo", "copy", "--quiet", "--dest-tls-verify=false", f"oci:{layout}:1", "docker://" + name]}
    if options.crane:
        pushers["crane"] = lambda name: [options.crane, "push", "--insecure", str(layout), name]
    runs = {name: [] for name in pushers}
    for _ in range(options.runs):  # in turns, so that a busy minute of the machine hits all of them
        for name, command in pushers.items():
            runs[name].append(push(command, work, store))
    result = {"case": options.case, "bytecode": options.bytecode, "sha256_256MiB_s": calibration(), "layout_bytes": bytes_below(layout)}
    result |= {name: median_of(figures) for name, figures in runs.items()}
    floor = min(result[name]["wall_s"] for name in pushers if not name.startswith("mlbuild"))
    result["wall_to_quicker_peer"] = {name: round(result[name]["wall_s"] / floor, 2) for name in pushers if name.startswith("mlbuild")}
    result["wall_spread_s"] = {name: [round(min(f["wall_s"] for f in figures), 2), round(max(f["wall_s"] for f in figures), 2)] for name, figures in runs.items()}
    return result


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--mlbuild", required=True)
    parser.add_argument("--case", choices=SPECS, default="torch")
    parser.add_argument("--bytecode", choices=("on", "off"), default="on")
    parser.add_argument("--crane", help="the crane program (tests/cli/go_tools.py builds it)")
    parser.add_argument("--store", help="a store that has the sources already")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    work = pathlib.Path(tempfile.mkdtemp(prefix="mlbuild-bench-"))
    try:
        print(json.dumps(measure(options, work), indent=2))
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
