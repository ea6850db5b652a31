"""How much is too much? A thousand wheels, ten thousand application files, a hundred variants, layers of a hundred gigabytes: each at half and at
full size, so that a step whose cost grows faster than its input shows. Everything is made here and used from a local folder.

Peak memory is the kernel's figure for the process. The layers' bytes are synthetic: zeros with noise between them, packed 1 : 80 (from 1 : 100
on a wheel is refused), so that a hundred gigabytes that are inflated, hashed and described take 1.3 GB of disk twice. Layers of wheels are not
written to disk, and without an output nothing else is."""

import argparse
import base64
import concurrent.futures
import datetime
import hashlib
import json
import os
import pathlib
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib

from end_to_end import timed
from floor import calibration, machine

ROOT = pathlib.Path(__file__).resolve().parents[1]
LIMIT_BYTES = 256 << 20
# Twice the input may cost so many times as much: a linear step has 2, one that sorts little more, a quadratic one 4.
GROWTH = 2.7
HEAD = "version: 1\nname: scale\nbase: {oci: base}\npython: {bytecode: false}\n"


def record_digest(digest):
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


class HugeMember:
    """A file of zeros and noise, packed once, that wheels hold under many names."""

    def __init__(self, size_bytes):
        packer, crc, digest, parts = zlib.compressobj(6, zlib.DEFLATED, -15), 0, hashlib.sha256(), []
        noise = random.Random(1)
        for _ in range(size_bytes >> 20):
            piece = noise.randbytes(12 << 10).ljust(1 << 20, b"\0")
            parts.append(packer.compress(piece))
            crc = zlib.crc32(piece, crc)
            digest.update(piece)
        self.packed, self.size, self.crc = b"".join([*parts, packer.flush()]), size_bytes >> 20 << 20, crc
        self.record = record_digest(digest.digest())


def zip_of(members):
    """(path, packed bytes, method, crc, size) as a zip: zipfile cannot take bytes that are packed already."""
    out, directory = bytearray(), bytearray()
    for path, packed, method, crc, size in members:
        name, offset = path.encode(), len(out)
        fields = struct.pack("<HHHHHIIIHH", 20, 0, method, 0, 0x21, crc, len(packed), size, len(name), 0)
        out += b"PK\3\4" + fields + name + packed
        directory += b"PK\1\2" + struct.pack("<H", 0x314) + fields + struct.pack("<HHHII", 0, 0, 0, 0o100644 << 16, offset) + name
    end = struct.pack("<HHHHIIH", 0, 0, len(members), len(members), len(directory), len(out), 0)
    return bytes(out + directory + b"PK\5\6" + end)


def huge_wheel(folder, name, member, count):
    info, members, record = f"{name}-1.0.dist-info", [], ""
    for number in range(count):
        members.append((f"{name}/part{number}.bin", member.packed, 8, member.crc, member.size))
        record += f"{name}/part{number}.bin,sha256={member.record},{member.size}\n"
    texts = {f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
             f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: bench\nRoot-Is-Purelib: true\nTag: py3-none-any\n"}
    for path, text in texts.items():
        record += f"{path},sha256={record_digest(hashlib.sha256(text.encode()).digest())},{len(text)}\n"
    texts[f"{info}/RECORD"] = record + f"{info}/RECORD,,\n"
    members += [(path, text.encode(), 0, zlib.crc32(text.encode()), len(text)) for path, text in texts.items()]
    data, filename = zip_of(members), f"{name}-1.0-py3-none-any.whl"
    (folder / name).mkdir(parents=True)
    (folder / name / filename).write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    (folder / name / "index.html").write_text(f'<a href="{filename}#sha256={digest}">{filename}</a>')
    return {"name": name, "version": "1.0", "filename": filename, "index": "default", "sha256": "sha256:" + digest, "size": len(data),
            "required_by": ["spec"]}


def pins(wheels):
    return sorted(f"{wheel['name']}=={wheel['version']}" for wheel in wheels)


class Load:
    """A spec of some size in a folder of its own, with figures of its builds."""

    def __init__(self, options, folder):
        self._mlbuild, self.folder, self.wheels = options.mlbuild, folder, []
        folder.mkdir()
        small_build.make_base(folder / "base", small_build.PYTHON)
        (folder / "app").mkdir()
        (folder / "app/main.py").write_text("print('hello')\n")
        self.text = HEAD + "requirements: {runtime: []}\napp: [{from: app, to: /app}]\n"
        self.variants = {}  # name -> its wheels

    def small_wheels(self, count):
        self.wheels = [small_build.make_wheel(self.folder / "index", f"w{number:04}", "1.0", [200, 3000, 900]) for number in range(count)]

    def lock(self):
        """Without resolving: made of no requirements, and completed."""
        spec = self.folder / "mlbuild.yaml"
        empty = "".join(f"  {name}: {{requirements: {{runtime: []}}}}\n" for name in self.variants)
        spec.write_text(self.text + ("variants:\n" + empty if empty else ""))
        self._run("lock")
        full = "".join(f"  {name}: {{requirements: {{runtime: [{', '.join(pins(wheels))}]}}}}\n" for name, wheels in self.variants.items())
        spec.write_text(self.text.replace("runtime: []", f"runtime: [{', '.join(pins(self.wheels))}]") + ("variants:\n" + full if full else ""))
        path = self.folder / "mlbuild.lock"
        small_build.complete_lock(path, lambda image: self.variants.get(image["variant"], self.wheels))

    def _environment(self):
        return dict(os.environ, MLBUILD_PYTHON_INDEX=f"file://{self.folder}/index")

    def _run(self, *words):
        subprocess.run([self._mlbuild, "--store", self.folder / "store", "--quiet", *words, self.folder / "mlbuild.yaml"], check=True,
                       env=self._environment(), stdout=subprocess.DEVNULL)

    def measure(self, output):
        """Cold, again, and after an edit of the application."""
        build = ["env", f"MLBUILD_PYTHON_INDEX=file://{self.folder}/index", self._mlbuild, "--store", self.folder / "store", "--quiet", "build",
                 "--locked", self.folder / "mlbuild.yaml", *(["--variant", next(iter(self.variants))] if self.variants else []),
                 *(["-o", f"oci:{self.folder}/layout", "-t", "scale:1"] if output else [])]
        figures = {"cold": timed(build)[0], "no_op": timed(build)[0]}
        (self.folder / "app/main.py").write_text("print('changed')\n")
        figures["code_change"] = timed(build)[0]
        return figures


def wheels(load, size):
    load.small_wheels(size)


def app_files(load, size):
    for number in range(size):
        path = load.folder / f"app/package{number % 100}/module{number}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"NUMBER = {number}\n" * 20)


def variants(load, size):
    """One of them is built: what the others cost it is what is looked at."""
    load.small_wheels(20 + size)
    shared = load.wheels[:20]
    load.variants = {f"v{number}": shared + [load.wheels[20 + number]] for number in range(size)}
    load.wheels = shared


def gigabytes(load, size):
    member = HugeMember(1 << 30)
    load.wheels = [huge_wheel(load.folder / "index", f"huge{number:03}", member, 5) for number in range(size // 5)]


# What grows, by how much at most, and whether a layout is written.
LOADS = {"wheels": (wheels, 1000, True), "app_files": (app_files, 10000, True), "variants": (variants, 100, False), "gigabytes": (gigabytes, 100, False)}


def judge(half, full):
    """Mistakes, in words."""
    said = []
    for name, figures in full.items():
        if figures["peak_memory_bytes"] > LIMIT_BYTES:
            said.append(f"{name}: {figures['peak_memory_bytes'] >> 20} MiB of memory")
        if figures["cpu_s"] > GROWTH * half[name]["cpu_s"] + 0.2:
            said.append(f"{name}: {figures['cpu_s']} s of CPU for twice what took {half[name]['cpu_s']} s")
    return said


def prepared(name, options, folder, size):
    load = Load(options, folder)
    LOADS[name][0](load, size)
    load.lock()
    return load


def in_child(function, *arguments):
    """The kernel counts what this process has in memory as the memory of the programs that it starts: so it stays small."""
    with concurrent.futures.ProcessPoolExecutor(1) as pool:
        return pool.submit(function, *arguments).result()


def measure_load(name, options, work):
    _, most, output = LOADS[name]
    most = int(most * options.scale)
    result = {}
    for size in (most // 2, most):
        folder = work / f"{name}-{size}"
        result[size] = in_child(prepared, name, options, folder, size).measure(output)
        print(f"{name} {size}: {result[size]}", file=sys.stderr, flush=True)
        shutil.rmtree(folder)
    half, full = result.values()
    return {"sizes": result, "mistakes": judge(half, full)}


def table(result):
    lines = ["| load | step | half: CPU s / MiB | full: wall s / CPU s / MiB | CPU, full to half |", "| --- | --- | ---: | ---: | ---: |"]
    for name, load in result["loads"].items():
        half, full = load["sizes"].values()
        for step in full:
            low, high = half[step], full[step]
            ratio = high["cpu_s"] / low["cpu_s"] if low["cpu_s"] else 0
            lines.append(f"| {list(load['sizes'])[1]} {name} | {step} | {low['cpu_s']:.2f} / {low['peak_memory_bytes'] >> 20} | {high['wall_s']:.2f} / "
                         f"{high['cpu_s']:.2f} / {high['peak_memory_bytes'] >> 20} | {ratio:.1f} |")
    machine_text = result["machine"]
    head = [f"## Scale: {result['date']}", "", f"{machine_text['processors']} processors ({machine_text['model']}), load {machine_text['load']} at the start; "
            f"SHA-256 of 256 MiB took {result['calibration']['sha256_256MiB_s']} s.", ""]
    return "\n".join(head + lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mlbuild", required=True)
    parser.add_argument("--layers-bench")
    parser.add_argument("--load", choices=LOADS, action="append")
    parser.add_argument("--scale", type=float, default=1, help="all sizes times this")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "bench/results")
    options = parser.parse_args()
    global small_build
    os.environ["MLBUILD"] = options.mlbuild
    sys.path[:0] = [str(ROOT / "tests/cli"), str(ROOT / "tests/crash")]
    import small_build
    work = pathlib.Path(tempfile.mkdtemp(prefix="mlbuild-scale-"))
    result = {"date": datetime.date.today().isoformat(), "machine": machine(), "calibration": calibration(), "loads": {}}
    try:
        for name in options.load or LOADS:
            result["loads"][name] = measure_load(name, options, work)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "scale.json").write_text(json.dumps(result, indent=2) + "\n")
    (options.out / "scale.md").write_text(table(result))
    print(table(result))
    mistakes = [f"{name}, {text}" for name, load in result["loads"].items() for text in load["mistakes"]]
    if mistakes:
        sys.exit("\n".join(mistakes))


if __name__ == "__main__":
    main()
