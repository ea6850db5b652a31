"""A small build that meets a fault at the Nth system call, for every N: killed, a full or failing disk, no descriptors left, interrupted,
less moved than asked for; and the power cut that drops what was not synced.

ctest tries a sample, by a seed that is printed. All of it: `MLBUILD_CRASH=full ctest -L crash` (see docs/reliability.md)."""

import contextlib
import hashlib
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))

from docker_registry import DockerRegistry  # noqa: E402  (needs the path above)
from layout import MANIFEST  # noqa: E402
from power_cut import power_cuts  # noqa: E402
from small_build import TOOL, SmallBuild  # noqa: E402
from support import MLBUILD, main, run  # noqa: E402

FULL = os.environ.get("MLBUILD_CRASH") == "full"
SEED = int(os.environ.get("MLBUILD_CRASH_SEED", time.time()))
SECONDS = float(os.environ.get("MLBUILD_CRASH_SECONDS", 5))  # of a sample, each test
TRACER = os.environ["MLBUILD_AT_NTH_CALL"]
EXIT_CODES = {0, 1, 2, 3, 4, 130}  # of the documented ones all but 70, which is a bug


def digest_of(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def files_below(directory):
    return {str(path.relative_to(directory)): digest_of(path) for path in sorted(directory.rglob("*")) if path.is_file()}


def chosen(count):
    """The numbers 1..count, all or in an order by chance until the time for a sample is over."""
    numbers = list(range(1, count + 1))
    if FULL:
        yield from numbers
        return
    random.Random(SEED).shuffle(numbers)
    end = time.monotonic() + SECONDS
    for tried, number in enumerate(numbers):
        if time.monotonic() > end and tried >= 3:
            return
        yield number


class CrashTest(unittest.TestCase):
    WITH_STEP = False

    @classmethod
    def setUpClass(cls):
        cls.directory = pathlib.Path(tempfile.mkdtemp(prefix="mlbuild-crash-"))
        cls.addClassCleanup(shutil.rmtree, cls.directory, ignore_errors=True)
        if cls.WITH_STEP and not TOOL.exists():
            raise unittest.SkipTest(f"{TOOL} is not there")
        cls.small = SmallBuild(cls.directory / "spec", TRACER, cls.WITH_STEP)
        cls.reference_place = cls.small.place()
        done = cls.small.build_undisturbed(cls.reference_place)
        assert done.code == 0, done.err
        cls.reference = cls.outputs(cls.reference_place)
        if not FULL:
            print(f"MLBUILD_CRASH_SEED={SEED}", flush=True)

    @staticmethod
    def outputs(place):
        """Whatever the build shows to others."""
        return {name: digest for name, digest in files_below(place).items() if not name.startswith(("store/", "tmp/"))}

    def copy_of(self, place):
        copy = self.small.place()
        shutil.rmtree(copy)
        return shutil.copytree(place, copy, symlinks=True)

    def tell(self, tried, hit):
        print(f"{self.id().split('.', 1)[1]}: {tried} builds, {len(hit)} different calls hit", flush=True)

    def check_nothing_partial(self, place):
        """What has its name already is whole."""
        for name, digest in self.outputs(place).items():
            path = place / name
            if path.name.startswith(".mlbuild-tmp-"):
                continue
            if path.parent.name == "sha256":
                self.assertEqual(digest, path.name, f"{name} has other bytes than its name says")
            elif path.name == "index.json":
                self.check_layout(path.parent)
            else:
                self.assertEqual(digest, self.reference[name.replace("copy/", "layout/")], f"{name} is there and not whole")

    def check_layout(self, layout):
        for entry in json.loads((layout / "index.json").read_text())["manifests"]:
            manifest = json.loads((layout / "blobs/sha256" / entry["digest"].removeprefix("sha256:")).read_text())
            for blob in [manifest["config"], *manifest["layers"]]:
                self.assertEqual((layout / "blobs/sha256" / blob["digest"].removeprefix("sha256:")).stat().st_size, blob["size"])

    def check_store(self, place, *args):
        done = run("store", "verify", *args, "--store", place / "store", env=self.small.environment)
        self.assertEqual(done.returncode, 0, done.out + done.err)

    def check_next_run(self, place):
        """It makes the right image, and what is left afterwards is what an undisturbed build leaves."""
        again = self.small.build_undisturbed(place)
        self.assertEqual(again.code, 0, again.err)
        self.assertEqual(self.outputs(place), self.reference, "the next run's outputs differ, or litter lies beside them")
        self.check_store(place)
        done = run("store", "gc", "--store", place / "store", env=self.small.environment)
        self.assertEqual(done.returncode, 0, done.err)
        self.assertEqual(os.listdir(place / "store/tmp"), [], "litter in the store")
        self.assertEqual(os.listdir(place / "store/quarantine"), [], "good files were moved aside")
        self.assertEqual(os.listdir(place / "tmp"), [], "litter in TMPDIR")

    def try_each(self, calls, fault, expect):
        """A build for each call of the class; `expect(done)` judges the one that met the fault."""
        place = self.small.place()
        count = self.small.build(place, calls).counted
        shutil.rmtree(place)
        self.assertGreater(count, 10)
        tried, hit = 0, set()
        for number in chosen(count + 20):  # threads: the number differs a little from run to run
            place = self.small.place()
            done = self.small.build(place, calls, number, fault)
            with self.subTest(calls=calls, fault=fault, number=number, call=done.fault, code=done.code, err=done.err):
                if done.fault:
                    tried, hit = tried + 1, hit | {done.fault.split("XXXXXX")[0]}
                    expect(done)
                    self.assertNotIn("std::", done.err)
                else:
                    self.assertEqual(done.code, 0, done.err)
                self.check_nothing_partial(place)
                self.check_store(place)
                self.check_next_run(place)
            shutil.rmtree(place, ignore_errors=True)
        self.tell(tried, hit)
        self.assertGreater(tried, 0)

    def expect_exit_code(self, done):
        self.assertIn(done.code, EXIT_CODES, done.err)
        if done.code != 0:
            self.assertRegex(done.err, r"(?m)^error: ")

    def expect_death(self, done):
        self.assertEqual(done.code, 137)


class Kill(CrashTest):
    def test_before_each_change_of_the_disk(self):
        self.try_each("change", "kill", self.expect_death)

    def test_before_each_call_whatever_it_is(self):
        self.try_each("all", "kill", self.expect_death)


class KillWithStep(Kill):
    """The same with a command in the sandbox: processes, mounts, a tree to unpack and to remove."""
    WITH_STEP = True


class Collect(CrashTest):
    """`store gc` that removes everything there is, killed on the way."""

    def test_the_store_is_whole_whenever_it_is_killed(self):
        arguments = [MLBUILD, "store", "gc", "--older-than", "0s", "--store"]
        full = self.small.place()
        self.small.build_undisturbed(full)
        count = self.small.run(self.copy_of(full), [*arguments, full / "store"]).counted
        self.small.build_undisturbed(full)
        for number in chosen(count + 1):
            place = self.copy_of(full)
            done = self.small.run(place, [*arguments, place / "store"], "change", number, "kill")
            with self.subTest(number=number, call=done.fault):
                self.assertEqual(done.code, 137 if done.fault else 0, done.err)
                self.check_store(place)
                self.check_next_run(place)
            shutil.rmtree(place)
        self.assertGreater(count, 10)


class Push(CrashTest):
    """A push to a registry, killed or interrupted on the way."""

    def push(self, place, registry, calls="all", number=0, fault="none"):
        arguments = [MLBUILD, "build", "--locked", self.small.spec, "--store", f"{place}/store", "--push", "-t", f"{registry.host}/team/small:1"]
        return self.small.run(place, arguments, calls, number, fault)

    def digest(self, registry):
        """What the registry has under the name, or nothing."""
        request = urllib.request.Request(f"http://{registry.host}/v2/team/small/manifests/1", headers={"Accept": MANIFEST})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return hashlib.sha256(answer.read()).hexdigest()
        except urllib.error.HTTPError as error:
            self.assertEqual(error.code, 404)
            return ""

    def try_pushes(self, calls, fault, expect):
        with DockerRegistry() as registry:
            place = self.small.place()
            count = self.push(place, registry, calls).counted
            whole = self.digest(registry)
        self.assertNotEqual(whole, "")
        tried, hit = 0, set()
        for number in chosen(count + 20):
            place = self.small.place()
            with DockerRegistry() as registry:
                done = self.push(place, registry, calls, number, fault)
                with self.subTest(calls=calls, fault=fault, number=number, call=done.fault, err=done.err):
                    if done.fault:
                        tried, hit = tried + 1, hit | {done.fault}
                        expect(done)
                    self.assertIn(self.digest(registry), (whole, "") if done.code != 0 else (whole,))
                    again = self.push(place, registry)
                    self.assertEqual(again.code, 0, again.err)
                    self.assertEqual(self.digest(registry), whole)
                    self.check_store(place)
            shutil.rmtree(place)
        self.tell(tried, hit)

    def test_killed_before_any_call(self):
        self.try_pushes("all", "kill", self.expect_death)

    def test_interrupted_by_a_signal(self):
        self.try_pushes("wait", "EINTR", self.expect_exit_code)


class Faults(CrashTest):
    def test_the_disk_is_full(self):
        self.try_each("space", "ENOSPC", self.expect_exit_code)

    def test_the_disk_fails(self):
        self.try_each("disk", "EIO", self.expect_exit_code)

    def test_no_descriptor_is_left(self):
        self.try_each("handle", "EMFILE", self.expect_exit_code)

    def test_a_signal_interrupts(self):
        self.try_each("wait", "EINTR", self.expect_exit_code)

    def expect_success(self, done):
        self.assertEqual(done.code, 0, done.err)

    def test_less_is_written_than_asked_for(self):
        self.try_each("write", "short", self.expect_success)

    def test_less_is_read_than_asked_for(self):
        self.try_each("read", "short", self.expect_success)


class FaultsWithStep(Faults):
    """The command of the step meets the faults, too, and may fail of them."""
    WITH_STEP = True

    def expect_success(self, done):
        self.expect_exit_code(done)


class Commands(CrashTest):
    """The others, which read what a build left."""

    def commands(self, place):
        layout, store = f"oci:{place}/layout", ["--store", place / "store"]
        return [["plan", self.small.spec, "--explain", *store], ["why", "alpha", self.small.spec], ["lock", "--check", self.small.spec, *store],
                ["inspect", layout, *store], ["copy", layout + ":1", f"oci:{place}/copy"], ["store", "list", *store], ["store", "verify", *store],
                ["store", "gc", "--older-than", "0s", *store]]

    def test_none_takes_a_fault_for_a_bug_of_its_own(self):
        tries = []
        for index in range(len(self.commands(self.reference_place))):
            for calls, fault in (("disk", "EIO"), ("handle", "EMFILE"), ("wait", "EINTR"), ("space", "ENOSPC")):
                place = self.copy_of(self.reference_place)
                count = self.small.run(place, [MLBUILD, *self.commands(place)[index]], calls).counted
                shutil.rmtree(place)
                tries += [(index, calls, fault, number) for number in range(1, count + 1)]
        hit = set()
        for chance in chosen(len(tries)):
            index, calls, fault, number = tries[chance - 1]
            place = self.copy_of(self.reference_place)
            done = self.small.run(place, [MLBUILD, *self.commands(place)[index]], calls, number, fault)
            with self.subTest(command=self.commands(place)[index], calls=calls, fault=fault, number=number, call=done.fault):
                hit.add(done.fault)
                self.assertIn(done.code, EXIT_CODES, done.err)
                self.check_nothing_partial(place)
            shutil.rmtree(place)
        self.tell(len(hit), hit)


class PowerCut(CrashTest):
    """The machine stops before the Nth change of the disk. Of what was not synced, all that a file system may lose is lost."""

    def test_nothing_that_was_named_is_lost_or_believed(self):
        place = self.small.place()
        count = self.small.build(place).counted
        shutil.rmtree(place)
        tried, hit = 0, set()
        for number in chosen(count + 20):
            place = self.small.place()
            done = self.small.build(place, "change", number, "kill")
            for cut in power_cuts(done.calls, place):
                with self.subTest(number=number, call=done.fault, cut=cut.name):
                    after = self.copy_of(place)
                    hit.add(done.fault)
                    tried += 1
                    cut.apply(after)
                    self.check_nothing_partial(after)
                    again = self.small.build_undisturbed(after)
                    self.assertEqual(again.code, 0, again.err)
                    self.assertEqual(self.outputs(after), self.reference)
                    self.check_repaired(after)
                    shutil.rmtree(after)
            shutil.rmtree(place)
        self.tell(tried, hit)

    def check_repaired(self, place):
        """Facts are not synced: `store verify` may find damaged ones, which builds take for absent. Never a blob."""
        done = run("store", "verify", "--repair", "--store", place / "store", env=self.small.environment)
        for line in done.out.splitlines():
            self.assertRegex(line, "^(keys|cards)/")
        self.check_next_run(place)

    def test_what_a_finished_build_wrote_is_still_there(self):
        place = self.small.place()
        done = self.small.build(place)
        for cut in power_cuts(done.calls, place):
            after = self.copy_of(place)
            cut.apply(after)
            self.assertEqual(self.outputs(after), self.reference, cut.name)
            self.check_repaired(after)


class Crowd(CrashTest):
    """Eight builders on one store, which die at any moment and start again."""

    BUILDERS = 8

    def start(self, place, number, *options):
        own = place / f"builder{number}"
        (own / "tmp").mkdir(parents=True, exist_ok=True)
        arguments = [word.replace(f"{own}/store", f"{place}/store") for word in self.small.arguments(own)]
        return subprocess.Popen([*arguments, *options], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                env={**self.small.environment, "TMPDIR": str(own / "tmp")})

    def usual_seconds(self, place):
        """Of a build among eight that do all of their work."""
        begin = time.monotonic()
        for process in [self.start(place, number, "--force") for number in range(self.BUILDERS)]:
            err = process.communicate()[1].decode()
            self.assertEqual(process.returncode, 0, err)
        return time.monotonic() - begin

    def test_builders_that_are_killed_do_not_hurt_each_other(self):
        kills = 500 if FULL else 60
        place, chance, lock = self.small.place(), random.Random(SEED), threading.Lock()
        codes = []
        usual = self.usual_seconds(place)

        def builder(number):
            while True:
                with lock:
                    if sum(code == -9 for code, _ in codes) >= kills:
                        break
                    pause = chance.random() * usual
                    again = chance.random() < 0.7
                if again:
                    shutil.rmtree(place / f"builder{number}/layout", ignore_errors=True)
                process = self.start(place, number, *(["--force"] if again else []))
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(pause)
                process.kill()
                err = process.communicate()[1].decode()
                with lock:
                    codes.append((process.returncode, err))

        threads = [threading.Thread(target=builder, args=(number,)) for number in range(self.BUILDERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        killed = sum(code == -9 for code, _ in codes)
        print(f"{len(codes)} builds, {killed} killed, {len(codes) - killed} came to their end first", flush=True)
        self.assertEqual([pair for pair in codes if pair[0] not in (0, -9)], [])
        self.assertGreater(len(codes) - killed, kills // 20)  # so that deaths came early and late
        for number in range(self.BUILDERS):
            own = place / f"builder{number}"
            self.check_nothing_partial(own)
            last = self.start(place, number)
            err = last.communicate()[1].decode()
            self.assertEqual(last.returncode, 0, err)
            self.assertEqual(self.outputs(own), self.reference)
            self.assertEqual(os.listdir(own / "tmp"), [])
            shutil.rmtree(own)
        self.check_next_run(place)


class CrowdWithStep(Crowd):
    WITH_STEP = True


if __name__ == "__main__":
    raise SystemExit(main())
