"""`mlbuild audit` on an image as a careless Dockerfile leaves it: full mlflow, Jupyter, plots, torch with CUDA in a CPU step, compilers,
-dev packages, caches, a repository beside the application. For each cause the image is built a second time without it, from what the
resolver says is needed then, and what the audit promised is held against what that saved."""

import concurrent.futures
import gzip
import io
import json
import os
import pathlib
import random
import subprocess
import tarfile
import zipfile

from layout import MANIFEST, Layout, tagged
from support import MLBUILD, ROOT, SHARED_STORE, CliTest, main, run

SITE = "usr/local/lib/python3.11/site-packages/"
RUNTIME = ["mlflow==2.9.2", "jupyterlab", "seaborn", "plotly", "scikit-learn", "pandas", "torch==2.3.1"]
SYSTEM = ["build-essential", "libicu-dev", "libgomp1"]
CUDA_HALF = ("libtorch_cuda", "libc10_cuda", "libcaffe2_nvrtc", "libcudart", "libnvrtc", "libcublas", "libcudnn", "libnvToolsExt")
LAYERS = ("debian", "torch", "python", "app", "removing")
TOLERANCE = 0.05


def without(items, *gone, more=()):
    return [item for item in items if item.split("==")[0] not in gone] + list(more)


VARIANTS = {
    "mlflow-skinny": (without(RUNTIME, "mlflow", more=["mlflow-skinny==2.9.2"]), SYSTEM),
    "notebook-tools": (without(RUNTIME, "jupyterlab"), SYSTEM),
    "plotting-tools": (without(RUNTIME, "seaborn", "plotly"), SYSTEM),
    "compilers": (RUNTIME, without(SYSTEM, "build-essential")),
    "devel-base": (RUNTIME, without(SYSTEM, "libicu-dev")),
}


def noise(name, size):
    """Bytes of middling entropy, the same for a name each time."""
    return random.Random(name).randbytes(size // 2).hex().encode()[:size]


def blob(digest):
    return SHARED_STORE / "blobs/sha256" / digest.removeprefix("sha256:")


class Counted:
    """A file of which only the size is wanted."""

    size = 0

    def write(self, data):
        self.size += len(data)
        return len(data)

    def flush(self):
        pass

    def close(self):
        pass


class LayerFile:
    """A gzip'ed tar that grows file by file; `plain` is the sum of contents. Without a path it is only measured."""

    def __init__(self, path):
        self.path, self.plain, self.seen = path, 0, set()
        self.file = open(path, "wb") if path else Counted()
        self.gzip = gzip.GzipFile(filename="", mode="wb", compresslevel=1, mtime=0, fileobj=self.file)
        self.tar = tarfile.open(fileobj=self.gzip, mode="w|", format=tarfile.GNU_FORMAT, bufsize=1 << 20)

    def add(self, path, content, size=None):
        if path in self.seen:
            return
        self.seen.add(path)
        member = tarfile.TarInfo(path)
        member.size = len(content) if size is None else size
        self.tar.addfile(member, io.BytesIO(content) if size is None else content)
        self.plain += member.size

    def finish(self):
        self.tar.close()
        self.gzip.close()
        self.file.close()
        return {"path": self.path, "plain": self.plain, "compressed": pathlib.Path(self.path).stat().st_size if self.path else self.file.size}


def installed_path(member):
    """Where pip puts a wheel's member."""
    parts = member.split("/")
    if not parts[0].endswith(".data"):
        return SITE + member
    rest = "/".join(parts[2:])
    return {"purelib": SITE, "platlib": SITE, "scripts": "usr/local/bin/", "data": "usr/local/", "headers": "usr/local/include/"}[parts[1]] + rest


def add_wheel(layer, wheel, requested, leave_out=lambda path: False):
    with zipfile.ZipFile(blob(wheel["sha256"])) as archive:
        rows, info = [], None
        for member in archive.infolist():
            if member.is_dir() or member.filename.endswith(".dist-info/RECORD") or leave_out(member.filename):
                continue
            path = installed_path(member.filename)
            if member.filename.endswith(".dist-info/METADATA"):
                info = path.rsplit("/", 1)[0]
            rows.append(os.path.relpath(path, SITE))
            with archive.open(member) as content:
                layer.add(path, content, member.file_size)
        if requested:
            rows.append(os.path.relpath(info + "/REQUESTED", SITE))
            layer.add(info + "/REQUESTED", b"")
        rows.append(os.path.relpath(info + "/RECORD", SITE))
        layer.add(info + "/RECORD", "".join(f"{row},,\n" for row in sorted(rows)).encode())


def is_cuda(wheel):
    return wheel["name"].startswith("nvidia-") or wheel["name"] == "triton"


def torch_layer(path, wheels, cuda):
    """RUN pip install torch"""
    layer = LayerFile(path)
    for wheel in wheels:
        if wheel["name"] == "torch":
            add_wheel(layer, wheel, True, lambda name: not cuda and name.split("/")[-1].startswith(CUDA_HALF))
        elif is_cuda(wheel) and cuda:
            add_wheel(layer, wheel, False)
    return layer.finish()


def python_layer(path, wheels, requested, cached, litter=True):
    """RUN pip install -r requirements.txt; `cached`: wheels that pip keeps, whatever else is there."""
    layer = LayerFile(path)
    for wheel in wheels:
        if wheel["name"] != "torch" and not is_cuda(wheel):
            add_wheel(layer, wheel, wheel["name"] in requested)
    for wheel in cached:
        if wheel["size"] < 20_000_000:
            layer.add(f"root/.cache/pip/http-v2/{wheel['sha256'][-2:]}/{wheel['sha256'][-40:]}.body", blob(wheel["sha256"]).read_bytes())
    if litter:
        layer.add("tmp/pip-build/objects.o", noise("objects", 30_000_000))
    return layer.finish()


def debian_layer(path, debs):
    """RUN apt-get install; dpkg's database as dpkg writes it."""
    layer, status = LayerFile(path), []
    for deb in debs:
        file = blob(deb["sha256"])
        control = subprocess.run(["dpkg-deb", "-f", file], capture_output=True, check=True, text=True).stdout
        head, rest = control.split("\n", 1)
        status.append(f"{head}\nStatus: install ok installed\n{rest}\n")
        listed = []
        data = subprocess.run(["dpkg-deb", "--fsys-tarfile", file], capture_output=True, check=True).stdout
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            for member in tar:
                name = member.name.removeprefix("./").strip("/")
                listed.append("/" + name)
                if member.isfile():
                    layer.add(name, tar.extractfile(member), member.size)
        layer.add(f"var/lib/dpkg/info/{deb['name']}.list", "".join(line + "\n" for line in listed).encode())
    layer.add("var/lib/dpkg/status", "".join(status).encode())
    return layer.finish()


def app_layer(path, clutter):
    """COPY . /app"""
    layer = LayerFile(path)
    layer.add("app/main.py", b"import sklearn.svm, mlflow, torch\n")
    if clutter:
        layer.add("app/.git/objects/pack/pack-1.pack", noise("pack", 15_000_000))
        layer.add("app/data/train.csv", noise("train", 25_000_000))
        layer.add("app/explore.ipynb", b'{"cells": []}')
    return layer.finish()


def removing_layer(path):
    """RUN rm -rf /tmp/pip-build: too late"""
    layer = LayerFile(path)
    layer.add("tmp/.wh.pip-build", b"")
    return layer.finish()


class AuditImage(CliTest):
    def locked(self):
        """What the resolver says for the whole and for each variant without one cause, by name of the variant."""
        runtime = "\n".join(f"    - {name}" for name in RUNTIME)
        variants = "\n".join(f"  {name}: {{requirements: {{runtime: {json.dumps(python)}}}, system: {{runtime: {json.dumps(system)}}}}}"
                             for name, (python, system) in VARIANTS.items())
        pins = json.loads((ROOT / "specs/torch-cuda/mlbuild.lock").read_text())["images"][0]["wheels"]
        constraints = "".join(f"{pin['name']}=={pin['version']}\n" for pin in pins if is_cuda(pin))
        spec = self.write_spec(f"version: 1\nname: bad\nrequirements:\n  constraints: constraints.txt\n  runtime:\n{runtime}\n"
                               f"system: {{runtime: {json.dumps(SYSTEM)}}}\nvariants:\n{variants}\n", constraints__txt=constraints)
        self.assert_ok(run("lock", spec, "--store", SHARED_STORE))
        lock = json.loads(spec.with_suffix(".lock").read_text())
        return spec, {image.get("variant", ""): image for image in lock["images"]}

    def fetch(self, images):
        """Builds what brings every file into the store; torch comes with the example that has it."""
        missing = [wheel["name"] for image in images.values() for wheel in image["wheels"] if not blob(wheel["sha256"]).exists()]
        if "torch" in missing or any(name.startswith("nvidia-") for name in missing):
            self.build(self.fresh_spec("torch-cuda"))
        for number, (python, system) in enumerate([(RUNTIME, SYSTEM), VARIANTS["mlflow-skinny"]]):
            folder = self.directory / f"fetch{number}"
            folder.mkdir()
            source = self.directory / "mlbuild.yaml"
            (folder / "constraints.txt").write_text("".join(f"{wheel['name']}=={wheel['version']}\n" for wheel in images[""]["wheels"]))
            (folder / "mlbuild.yaml").write_text(
                "version: 1\nname: fetch\nrequirements:\n  constraints: constraints.txt\n"
                f"  runtime: {json.dumps(without(python, 'torch'))}\nsystem: {{runtime: {json.dumps(system)}, scripts: run}}\npython: {{bytecode: false}}\n")
            self.build(folder / "mlbuild.yaml")

    def write_layers(self, images):
        """Each layer as it is, and for each cause the size of the one layer that would be another; made side by side."""
        whole, requested = images[""], {name.split("==")[0] for name in RUNTIME}
        debs = {name: image["base"]["packages"] + image["system"]["runtime"] for name, image in images.items()}
        jobs = {
            "debian": (debian_layer, debs[""]), "torch": (torch_layer, whole["wheels"], True), "python": (python_layer, whole["wheels"], requested, whole["wheels"]),
            "app": (app_layer, True), "removing": (removing_layer,),
            "compilers": (debian_layer, debs["compilers"]), "devel-base": (debian_layer, debs["devel-base"]),
            "cuda-in-cpu-image": (torch_layer, whole["wheels"], False),
            "mlflow-skinny": (python_layer, images["mlflow-skinny"]["wheels"], requested | {"mlflow-skinny"}, whole["wheels"]),
            "notebook-tools": (python_layer, images["notebook-tools"]["wheels"], requested, whole["wheels"]),
            "plotting-tools": (python_layer, images["plotting-tools"]["wheels"], requested, whole["wheels"]),
            "abandoned-caches": (python_layer, whole["wheels"], requested, []), "hidden-bytes": (python_layer, whole["wheels"], requested, whole["wheels"], False),
            "app-clutter": (app_layer, False),
        }
        with concurrent.futures.ProcessPoolExecutor(max_workers=2) as pool:
            made = {name: pool.submit(job[0], str(self.directory / (name + ".tar.gz")) if name in LAYERS else None, *job[1:]) for name, job in jobs.items()}
            return {name: future.result() for name, future in made.items()}

    def write_image(self, layers):
        layout = Layout(self.directory / "layout")
        descriptors, diff_ids = [], []
        for name in LAYERS:
            path = pathlib.Path(layers[name]["path"])
            compressed = subprocess.run(["sha256sum", path], capture_output=True, check=True, text=True).stdout.split()[0]
            plain = subprocess.run(f"gzip -dc '{path}' | sha256sum", shell=True, capture_output=True, check=True, text=True).stdout.split()[0]
            descriptors.append({"size": path.stat().st_size, "digest": "sha256:" + compressed, "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip"})
            path.rename(layout.directory / "blobs/sha256" / compressed)
            diff_ids.append("sha256:" + plain)
        config = {"os": "linux", "architecture": "amd64", "config": {"Cmd": ["python", "main.py"]}, "rootfs": {"type": "layers", "diff_ids": diff_ids},
                  "history": [{"created_by": text} for text in ("RUN apt-get install", "RUN pip install torch", "RUN pip install -r", "COPY . /app", "RUN rm")]}
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": layout.json(config, "application/vnd.oci.image.config.v1+json"), "layers": descriptors}
        layout.write_index(tagged(layout.json(manifest, MANIFEST, platform={"os": "linux", "architecture": "amd64"}), "bad"))
        return f"oci:{layout.directory}:bad"

    def audit(self, image):
        """The findings by rule, and the most memory that it took."""
        child = subprocess.Popen([MLBUILD, "audit", image, "--store", self.directory / "store", "--format", "json"], stdout=subprocess.PIPE,
                                 env=dict(os.environ, NO_COLOR="1"))
        with child.stdout:
            said = child.stdout.read()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(child.returncode, 0)
        value = json.loads(said)
        return {finding["id"]: finding for finding in value["findings"] if finding["id"] != "prune"}, value["total"], usage.ru_maxrss

    def test_every_cause_is_found_and_its_size_is_what_removing_it_saves(self):
        _, images = self.locked()
        self.fetch(images)
        layers = self.write_layers(images)
        findings, total, peak_kilobytes = self.audit(self.write_image(layers))
        origin = {"compilers": "debian", "devel-base": "debian", "cuda-in-cpu-image": "torch", "app-clutter": "app"}
        wrong = []
        for rule in ("cuda-in-cpu-image", "mlflow-skinny", "notebook-tools", "plotting-tools", "compilers", "devel-base", "abandoned-caches",
                     "hidden-bytes", "app-clutter"):
            with self.subTest(rule=rule):
                self.assertIn(rule, findings)
                before = layers[origin.get(rule, "python")]
                for size in ("plain", "compressed"):
                    saved = before[size] - layers[rule][size]
                    told = findings[rule]["saves"][size + "_bytes"]
                    error = (told - saved) / saved
                    print(f"{rule:18} {size:10} told {told:>13,} saved {saved:>13,} {error:+.2%}")
                    if abs(error) > TOLERANCE:
                        wrong.append((rule, size, told, saved))
        self.assertEqual(wrong, [])
        self.assertGreater(total["plain_bytes"], max(finding["saves"]["plain_bytes"] or 0 for finding in findings.values()))
        print(f"peak memory {peak_kilobytes / 1024:.0f} MiB, total {total}")
        self.assertLess(peak_kilobytes, 512 * 1024)


if __name__ == "__main__":
    raise SystemExit(main())
