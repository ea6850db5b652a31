"""mlbuild beside other builders, in one run: each scenario for each builder in turn, several rounds. JSON and a Markdown table go to --out.

cold          nothing on the machine: build and push, on a base that all find in the registry
no_op         the same again
code_change   one line of the application's code
pin_bump      one small package in another version
fresh_runner  nothing on the machine, a line of code changed, the image in the registry as cache
pull          pull and unpack what was built, by each program that can"""

import argparse
import contextlib
import datetime
import hashlib
import json
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import urllib.request

from cases import CASES, Case, edit_code
from floor import calibration, floor, machine
from meter import Failed, measured
from package_server import PackageServer
from peers import DEFAULT_PEERS, PEERS, PULLERS, Mlbuild, Setting, Unavailable
from results_table import markdown

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests/cli"))
from docker_registry import DockerRegistry  # noqa: E402  (needs the path above)

MANIFESTS = "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json"


def say(text):
    print(text, file=sys.stderr, flush=True)


class Image:
    """What a registry has under a name."""

    def __init__(self, registry, name):
        repository, _, tag = name.partition("/")[2].rpartition(":")
        request = urllib.request.Request(f"http://{registry.host}/v2/{repository}/manifests/{tag}", headers={"Accept": MANIFESTS})
        with urllib.request.urlopen(request, timeout=30) as answer:
            body = answer.read()
        self.digest = "sha256:" + hashlib.sha256(body).hexdigest()
        self.layers = json.loads(body)["layers"]
        self._registry = registry

    def files(self):
        for layer in self.layers:
            digest = layer["digest"].removeprefix("sha256:")
            yield self._registry.data() / "blobs/sha256" / digest[:2] / digest / "data"

    def facts(self):
        return {"layers": len(self.layers), "compressed_bytes": sum(layer["size"] for layer in self.layers)}


class Round:
    """All scenarios of one builder, against a registry of its own."""

    def __init__(self, builder, case, folder, number, pullers):
        self._builder, self._case, self._folder, self._number, self._pullers = builder, case, folder, number, pullers
        self.figures, self.digest, self.image, self.floor, self.failures = {}, "", {}, None, []

    def run(self, only):
        with DockerRegistry() as self._registry:
            base = self._case.push_base(self._registry.host)
            self._name = f"{self._registry.host}/bench/app:1"
            context, bumped = self._case.work_copy(self._folder, self._builder, base)
            self._builder.forget()
            self._scenario("cold", context)
            image = Image(self._registry, self._name)
            self.digest, self.image = image.digest, image.facts()
            if self._number == 0:
                self.floor = floor(list(image.files()), self._folder)
                self.image["plain_bytes"] = self.floor["plain_bytes"]
            if only == "all":
                self._rest(context, bumped)
            if only != "cold":
                self._pulls()

    def _rest(self, context, bumped):
        self._scenario("no_op", context)
        edit_code(context, self._number)
        self._scenario("code_change", context)
        self._scenario("pin_bump", bumped)
        self._builder.forget()
        edit_code(bumped, self._number)
        self._scenario("fresh_runner", bumped, fresh=True)

    def _pulls(self):
        for puller in self._pullers:
            puller.forget()
            try:
                self._measure(f"pull_by_{puller.name}", puller, puller.pull(self._name))
            except Failed as failure:  # an old program does not read every form of layer
                self.failures.append(f"pull by {puller.name}: {str(failure).strip().splitlines()[-1]}")
                say(f"  {puller.name} failed to pull")

    def _scenario(self, name, context, fresh=False):
        self._measure(name, self._builder, self._builder.build(context, self._name, fresh))

    def _measure(self, name, program, commands):
        os.sync()  # what others wrote before is not written at this one's cost
        requests, stored = len(self._registry.requests()), self._registry.stored_bytes()
        figures, _ = measured(commands, program.daemons(), program.environment)
        figures["sent_bytes"] = self._registry.stored_bytes() - stored
        figures["received_bytes"] = self._registry.answered_bytes(requests)
        self.figures[name] = figures
        say(f"  {self._builder.name:9} {name:16} {figures['wall_s']:8.2f} s {figures['cpu_s']:8.2f} s CPU {figures['peak_memory_bytes'] / 2**20:7.0f} MiB "
            f"{figures['sent_bytes']:>12,} sent {figures['received_bytes']:>12,} received")


def start_builders(wanted, setting, stack, result):
    builders = [Mlbuild(setting)]
    stack.callback(builders[0].end)
    for name in wanted:
        try:
            builders.append(PEERS[name](setting))
            stack.callback(builders[-1].end)
        except Unavailable as why:
            result["left_out"][name] = str(why)
            say(f"without {name}: {why}")
    for builder in builders:
        result["builders"][builder.name] = {"version": builder.version(), "rounds": [], "digests": []}
    return builders


def start_pullers(wanted, builders, setting, stack, result):
    """Those who pull what each builder made; they need not be among the builders."""
    pullers = []
    for name in wanted:
        known = [builder for builder in builders if builder.name == name]
        try:
            pullers += known or [PULLERS[name](setting)]
        except Unavailable as why:
            result["left_out"][f"pulls by {name}"] = str(why)
            continue
        if not known:
            stack.callback(pullers[-1].end)
    return pullers


def run_rounds(options, builders, pullers, case, work, result):
    for number in range(options.rounds):
        order = builders[number % len(builders):] + builders[:number % len(builders)]
        for builder in order:
            say(f"round {number + 1} of {options.rounds}: {builder.name}")
            one, told = Round(builder, case, work / f"round-{builder.name}", number, pullers), result["builders"][builder.name]
            try:
                one.run(options.only)
            except (Failed, OSError, RuntimeError, subprocess.SubprocessError) as failure:  # the others' figures are still worth something
                one.failures.append(str(failure))
                say(f"  {builder.name} failed: {failure}")
            told["rounds"].append(one.figures)
            told.setdefault("failures", []).extend(one.failures)
            if one.digest:
                told["digests"].append(one.digest)
            told.setdefault("image", {}).update(one.image)
            if one.floor and isinstance(builder, Mlbuild):
                result.setdefault("floor", one.floor)


def summarize(result):
    for told in result["builders"].values():
        names = dict.fromkeys(name for figures in told["rounds"] for name in figures)
        told["median"] = {name: {key: statistics.median(figures[name][key] for figures in told["rounds"] if name in figures)
                                 for key in next(figures[name] for figures in told["rounds"] if name in figures)} for name in names}
        told["same_digest_twice"] = len(set(told["digests"])) == 1 if len(told["digests"]) > 1 else None


def names_of(text):
    return [] if text == "none" else text.split(",")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mlbuild", required=True)
    parser.add_argument("--case", choices=CASES, default="sklearn")
    parser.add_argument("--peers", default=",".join(DEFAULT_PEERS), help=f"comma-separated, of {', '.join(PEERS)}; `none` for mlbuild alone")
    parser.add_argument("--pull-by", default=",".join(PULLERS), help="who pulls what each of them built; `none` for nobody")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--bytecode", choices=("on", "off"), default="on", help="on both sides")
    parser.add_argument("--only", choices=("cold", "pull", "all"), default="all", help="`pull`: build once, then pull")
    parser.add_argument("--tools", type=pathlib.Path, required=True, help="where bench/install-peers.sh put BuildKit")
    parser.add_argument("--store", type=pathlib.Path, default=pathlib.Path.home() / ".cache/mlbuild", help="a store that packages are kept in")
    parser.add_argument("--out", type=pathlib.Path, help="folder for CASE.json and CASE.md (default: bench/results)")
    options = parser.parse_args()
    wanted, pulling = names_of(options.peers), names_of(options.pull_by)
    if unknown := (set(wanted) - set(PEERS)) | (set(pulling) - set(PULLERS)):
        parser.error(f"no such peer: {', '.join(sorted(unknown))}; there are {', '.join(PEERS)}, and {', '.join(PULLERS)} pull")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # daemons and mounts must go
    out = options.out or pathlib.Path(__file__).resolve().parent / "results"
    work = pathlib.Path(tempfile.mkdtemp(prefix="mlbuild-bench-"))
    try:
        result = measure(options, wanted, work)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    out.mkdir(parents=True, exist_ok=True)
    stem = options.case + ("" if options.bytecode == "on" else "-no-bytecode") + ("" if options.only == "all" else f"-{options.only}")
    (out / f"{stem}.json").write_text(json.dumps(result, indent=2) + "\n")
    (out / f"{stem}.md").write_text(markdown(result))
    print(markdown(result))


def measure(options, wanted, work):
    result = {"case": options.case, "bytecode": options.bytecode, "date": datetime.date.today().isoformat(), "machine": machine(),
              "calibration_before": calibration(), "left_out": {}, "builders": {}}
    setting = Setting(work, "", "", options.bytecode == "on", options.mlbuild, {}, options.tools)
    say("getting the packages ready")
    with contextlib.ExitStack() as stack:
        case = Case(options.case, work / "case", setting, options.store)
        server = stack.enter_context(PackageServer(options.store, case.locks()))
        setting.index, setting.environment = server.index, server.environment()
        builders = start_builders(wanted, setting, stack, result)
        pullers = start_pullers(names_of(options.pull_by), builders, setting, stack, result)
        run_rounds(options, builders, pullers, case, work, result)
    summarize(result)
    result["calibration_after"] = calibration()
    return result


if __name__ == "__main__":
    main()
