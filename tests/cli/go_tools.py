"""Registries and clients that are Go programs: built once into the build directory (MLBUILD_GO_TOOLS), reused from then on.

Run as a program it is the ctest fixture that builds them. Where Go is absent or too old it says so and exits with 77, which
ctest shows as skipped; the cases that need these programs do the same."""

import os
import pathlib
import re
import shutil
import subprocess
import sys

DIRECTORY = pathlib.Path(os.environ.get("MLBUILD_GO_TOOLS", "/tmp/mlbuild-go-tools"))
MODULES = {"crane": "github.com/google/go-containerregistry/cmd/crane@v0.22.1",
           "registry": "github.com/distribution/distribution/v3/cmd/registry@v3.1.2"}
OWN = {"referrers_registry": "v0.22.1", "estargz_reader": "v0.18.2", "zstd_chunked_reader": "v1.59.1"}  # directories beside this file, with the version of what they build on
LAYOUT_READERS = ("estargz_reader", "zstd_chunked_reader")  # those that share layout.go
NEEDED = (1, 26)  # what the go.mod of distribution asks for


SKIPPED = 77  # the exit code that ctest takes for a skipped test


def find_go():
    """The go command, or None and why not."""
    reason = "Go is not there"
    for go in (shutil.which("go"), "/usr/local/go/bin/go"):
        if go and os.access(go, os.X_OK):
            said = subprocess.run([go, "version"], capture_output=True, text=True, env=dict(os.environ, GOTOOLCHAIN="local")).stdout
            found = re.search(r"go(\d+)\.(\d+)", said)
            if found and tuple(map(int, found.groups())) >= NEEDED:
                return go, ""
            reason = f"{said.strip() or go} is older than {NEEDED[0]}.{NEEDED[1]}"
    return None, reason


def _program(name):
    return DIRECTORY / "bin" / f"{name}-{OWN.get(name) or MODULES[name].rpartition('@')[2]}"


def why_not(name):
    """"" when the program is there, else why it is not. Where Go is there and the fixture did not run, that is a mistake."""
    if _program(name).exists():
        return ""
    go, reason = find_go()
    if go:
        raise RuntimeError(f"{_program(name)} is not built: run ctest, or {__file__}")
    return f"{MODULES.get(name, name)} cannot be built: {reason}"


def program(name):
    return str(_program(name))


def build():
    go, reason = find_go()
    if not go:
        print(f"skipped: no {' and no '.join(MODULES.values())}, because {reason}")
        return SKIPPED
    environment = dict(os.environ, GOBIN=str(DIRECTORY / "bin"), GOPATH=str(DIRECTORY / "path"), GOCACHE=str(DIRECTORY / "cache"),
                       GOFLAGS="-mod=mod -modcacherw", GOTOOLCHAIN="local")
    for name, module in MODULES.items():
        if not _program(name).exists():
            print("building", module, flush=True)
            subprocess.run(["nice", go, "install", module], env=environment, check=True)
            (DIRECTORY / "bin" / name).rename(_program(name))
    for name in OWN:
        if not _program(name).exists():
            print("building", name, flush=True)
            shutil.copytree(pathlib.Path(__file__).with_name(name), DIRECTORY / "own" / name, dirs_exist_ok=True)  # go writes beside its sources
            if name in LAYOUT_READERS:
                shutil.copy(pathlib.Path(__file__).with_name("layout.go"), DIRECTORY / "own" / name)
            subprocess.run(["nice", go, "build", "-o", _program(name), "."], cwd=DIRECTORY / "own" / name,
                           env=dict(environment, CGO_ENABLED="0"), check=True)
    for rest in ("own", "path", "cache"):  # sources and objects: a gigabyte that nobody asks for again
        shutil.rmtree(DIRECTORY / rest, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(build())
