"""Peers that Debian has not, or has too old, built from their Go modules: python3 bench/go_peers.py DIRECTORY puts them into DIRECTORY/bin."""

import dataclasses
import os
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests/cli"))
import go_tools  # noqa: E402  (needs the path above)


@dataclasses.dataclass(frozen=True)
class GoPeer:
    module: str
    version: str
    programs: tuple

    def path(self, directory, program):
        """Where it is: names alone would hide Debian's."""
        return directory / "bin" / f"{program}-{self.version}"

    def is_built(self, directory):
        return all(self.path(directory, program).exists() for program in self.programs)


BUILDKIT = GoPeer("github.com/moby/buildkit", "v0.26.3", ("buildkitd", "buildctl"))
CONTAINERD = GoPeer("github.com/containerd/containerd/v2", "v2.3.7", ("containerd", "ctr"))


def build(peer, go, directory):
    """As a dependency of a module of no code: a go.mod with certain directives is refused by `go install`."""
    scratch = directory / "scratch"
    shutil.rmtree(scratch, ignore_errors=True)
    (scratch / "module").mkdir(parents=True)
    environment = dict(os.environ, GOPATH=str(scratch / "path"), GOCACHE=str(scratch / "cache"), GOFLAGS="-mod=mod -modcacherw", GOTOOLCHAIN="local")
    packages = [f"{peer.module}/cmd/{program}" for program in peer.programs]
    for command in (["mod", "init", "bench.example/peer"], ["get", *(f"{package}@{peer.version}" for package in packages)],
                    ["build", "-o", f"{scratch}/", *packages]):
        subprocess.run(["nice", go, *command], cwd=scratch / "module", env=environment, check=True)
    (directory / "bin").mkdir(exist_ok=True)
    for program in peer.programs:
        (scratch / program).rename(peer.path(directory, program))
    shutil.rmtree(scratch)  # a gigabyte that nobody asks for again


def main(directory):
    missing = [peer for peer in (BUILDKIT, CONTAINERD) if not peer.is_built(directory)]
    if not missing:
        return
    go, reason = go_tools.find_go()
    if not go:
        print(f"{', '.join(peer.programs[0] for peer in missing)} cannot be built: {reason}", file=sys.stderr)
        return
    for peer in missing:
        build(peer, go, directory)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]).absolute())
