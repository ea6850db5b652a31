"""`mlbuild inspect` of an OCI layout whose layers nobody read before, against its floor: the same layers gunzipped once, to nowhere, by one thread.

The floor runs before and after each run, since the machine's speed drifts; JSON on stdout has the medians. The pages of the files are warm."""

import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile

from end_to_end import timed


def layers_of(layout):
    blobs = layout / "blobs/sha256"
    read = lambda digest: json.loads((blobs / digest.removeprefix("sha256:")).read_text())
    manifest = read(json.loads((layout / "index.json").read_text())["manifests"][0]["digest"])
    return [blobs / layer["digest"].removeprefix("sha256:") for layer in manifest["layers"]]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--mlbuild", required=True)
    parser.add_argument("--inflate-bench", required=True)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("layout", type=pathlib.Path)
    options = parser.parse_args()
    floors, runs = [], []

    def floor():
        return json.loads(subprocess.run([options.inflate_bench, *layers_of(options.layout)], capture_output=True, check=True).stdout)

    floors.append(floor())
    for _ in range(options.runs):
        with tempfile.TemporaryDirectory(prefix="mlbuild-bench-") as store:
            runs.append(timed([options.mlbuild, "--store", store, "--quiet", "inspect", f"oci:{options.layout}"])[0])
        floors.append(floor())
    floor_s = statistics.median(one["cpuSeconds"] for one in floors)
    result = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
    print(json.dumps({"layers": floors[0]["layers"], "plain_bytes": floors[0]["plainBytes"], "floor_cpu_s": floor_s, "inspect": result,
                      "cpu_ratio": round(result["cpu_s"] / floor_s, 3)}, indent=2))


if __name__ == "__main__":
    main()
