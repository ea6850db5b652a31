"""A build that takes some milliseconds, uses no network, and passes through most of what touches a disk: wheels from an index of files, a base
layout, a command in the sandbox, application files, and as outputs a layout and an archive.

The lock is completed by hand: resolving needs a real index."""

import base64
import dataclasses
import hashlib
import io
import json
import pathlib
import shutil
import subprocess
import zipfile

from layout import Layout, tagged
from support import MLBUILD, run

SITE = "usr/lib/python3.11/site-packages"
SPEC = """version: 1
name: small
base: {oci: base}
requirements: {runtime: [alpha==1.0, beta==2.0]}
python: {bytecode: false}
app: [{from: app, to: /app}]
"""
# Static, deterministic, and on every Debian machine: so the base need not hold a C library.
TOOL = pathlib.Path("/sbin/ldconfig")
STEP = "steps: [{name: cache, run: [/usr/sbin/ldconfig, -C, /srv/cache]}]\n"


def make_wheel(folder, name, version, sizes):
    """A wheel with a file of each size; returns what a lock says of it."""
    info, record, packed = f"{name}-{version}.dist-info", "", io.BytesIO()
    files = {f"{name}/part{number}.py": hashlib.sha256(f"{name}{number}".encode()).hexdigest().encode() * (size // 64 + 1)
             for number, size in enumerate(sizes)}
    files[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode()
    files[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    for path, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        record += f"{path},sha256={digest},{len(content)}\n"
    files[f"{info}/RECORD"] = (record + f"{info}/RECORD,,\n").encode()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(zipfile.ZipInfo(path, (2020, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    filename, data = f"{name}-{version}-py3-none-any.whl", packed.getvalue()
    (folder / name).mkdir(parents=True)
    (folder / name / filename).write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    (folder / name / "index.html").write_text(f'<a href="{filename}#sha256={digest}">{filename}</a>')
    return {"name": name, "version": version, "filename": filename, "index": "default", "sha256": "sha256:" + digest, "size": len(data),
            "required_by": ["spec"]}


def make_base(folder, files):
    layout = Layout(folder)
    layout.write_index(tagged(layout.image("amd64", files, config={"Env": ["PATH=/usr/bin:/usr/sbin"]}), "1"))


PYTHON = {"srv/data": "", "usr/bin/python3": "\0" "3.11.4\0", "usr/lib/python3.11/os.py": "", "usr/lib/x86_64-linux-gnu/libc-2.36.so": ""}


def complete_lock(path, wheels_of):
    """`wheels_of(image)`: those of a member of the lock; they are required by the spec, all of them."""
    lock = json.loads(path.read_text())
    for image in lock["images"]:
        image["wheels"] = sorted(wheels_of(image), key=lambda wheel: wheel["name"])
        image["interpreter"] = {"version": "3.11", "full_version": "3.11.4", "path": "/usr/bin/python3", "glibc": "2.36",
                                "scheme": {"purelib": SITE, "platlib": SITE, "scripts": "usr/bin", "headers": "usr/include", "data": "usr"}}
        image["spec"]["part"]["requirements"]["runtime"] = [f"{wheel['name']}=={wheel['version']}" for wheel in image["wheels"]]
        canonical = json.dumps(image["spec"]["part"], sort_keys=True, separators=(",", ":"))
        image["spec"]["digest"] = "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()
    path.write_text(json.dumps(lock, indent=2, sort_keys=True) + "\n")


@dataclasses.dataclass
class Done:
    code: int
    err: str
    calls: list   # (result, call, files) of what changed a disk, in order
    counted: int  # calls of the class
    fault: str    # the call that the fault hit; "" when it was not reached


class SmallBuild:
    """In `directory`, with spec, lock and wheels; outputs and store are below `place()`s of their own."""

    def __init__(self, directory, tracer, with_step):
        self.directory, self._tracer, self._places = pathlib.Path(directory), tracer, 0
        (self.directory / "app").mkdir(parents=True)
        (self.directory / "app/main.py").write_text("print('hello')\n")
        # One of more than a MiB: a layer of its own.
        wheels = [make_wheel(self.directory / "index", "alpha", "1.0", [100, 5000]), make_wheel(self.directory / "index", "beta", "2.0", [70000])]
        files = dict(PYTHON)
        make_base(self.directory / "base", files | ({"usr/sbin/ldconfig": TOOL.read_bytes()} if with_step else {}))
        self.spec = self.directory / "mlbuild.yaml"
        step = STEP if with_step else ""
        self.spec.write_text(SPEC.replace("[alpha==1.0, beta==2.0]", "[]") + step)
        locked = run("lock", self.spec, "--store", self.directory / "lock-store")
        assert locked.returncode == 0, locked.err
        self.spec.write_text(SPEC + step)
        complete_lock(self.directory / "mlbuild.lock", lambda _: wheels)
        shutil.rmtree(self.directory / "lock-store")
        # Leaks cannot be looked for below a tracer.
        self.environment = {"ASAN_OPTIONS": "detect_leaks=0", "PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "HOME": "/", "NO_COLOR": "1", "MLBUILD_PYTHON_INDEX": f"file://{self.directory}/index"}

    def place(self):
        """A fresh directory for the store and the outputs of one try."""
        self._places += 1
        place = self.directory / f"try{self._places}"
        place.mkdir()
        return place

    def arguments(self, place):
        return [MLBUILD, "build", "--locked", str(self.spec), "--store", f"{place}/store", "-t", "small:1", "-o", f"oci:{place}/layout", "-o",
                f"docker:{place}/image.tar"]

    def build(self, place, calls="change", number=0, fault="none"):
        """One build in which the `number`th of the calls of a class meets the fault."""
        return self.run(place, self.arguments(place), calls, number, fault)

    def build_undisturbed(self, place):
        """One that nobody watches, which takes less time."""
        return self._finish(place, self.arguments(place))

    def run(self, place, arguments, calls="change", number=0, fault="none"):
        """The same as `build` for any command line."""
        log = self.directory / "calls"
        done = self._finish(place, [self._tracer, calls, str(number), fault, log, *arguments])
        for line in log.read_text(errors="replace").splitlines():
            first, *rest = line.split("\t")
            if first == "counted":
                done.counted = int(rest[0])
            elif first == "fault":
                done.fault = " ".join(rest).replace(str(place), "")
            else:
                done.calls.append((int(first), rest[0], rest[1:]))
        return done

    def _finish(self, place, command):
        temporary = place / "tmp"
        temporary.mkdir(exist_ok=True)
        with open(self.directory / "out", "wb") as out, open(self.directory / "err", "wb") as err:
            code = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                  env={**self.environment, "TMPDIR": str(temporary)}, timeout=120, check=False).returncode
        return Done(code, (self.directory / "err").read_text(errors="replace"), [], 0, "")
