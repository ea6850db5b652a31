"""`check:` and `mlbuild run`: the image is tried and started in the sandbox, without docker."""

import json
import os
import shutil
import signal
import subprocess
import time
import unittest

from docker_registry import DockerRegistry
from support import MLBUILD, SHARED_STORE, CliTest, run


class Image(CliTest):
    def setUp(self):
        super().setUp()
        self.spec = self.fresh_spec("minimal")

    def add(self, text):
        self.spec.write_text(self.spec.read_text() + text)

    def write_app(self, text):
        (self.spec.parent / "hello.py").write_text(text)

    def outputs(self):
        return list(self.directory.glob("layout"))

    def start(self, *args, **kwargs):
        return run("run", "--store", SHARED_STORE, self.spec, *args, **kwargs)


class Check(Image):
    def test_what_works_is_tried_once(self):
        self.add("check:\n  imports: [tomli, hello]\n  command: [python, hello.py]\n")
        self.write_app(f"print({str(self.directory)!r})\n")  # an image that nobody has tried before
        self.assertIn("checking that the image works", self.build(self.spec).err)
        self.assertNotIn("checking", self.build(self.spec).err)
        self.assertIn("checking that the image works", self.build(self.spec, "--force").err)

    def test_an_import_that_fails_names_traceback_layer_and_line_and_publishes_nothing(self):
        self.add("check:\n  imports:\n    - tomli\n    - hello\n    - not_there\n")
        self.write_app("import pkg_resources\n")
        done = run("build", self.spec, "--store", SHARED_STORE, "-o", f"oci:{self.directory}/layout")
        self.assert_fails(done, 4, "`import hello` fails in the image", "mlbuild.yaml:14:7", 'File "/app/hello.py", line 1',
                          "No module named 'pkg_resources'", "comes from the layer `app", "`import not_there` fails",
                          "mlbuild.yaml:15:7")
        self.assertNotIn("`import tomli`", done.err)
        self.assertEqual(self.outputs(), [])

    def test_with_json_what_fails_is_in_the_one_document(self):
        self.add("check: {imports: [tomli, hello]}\n")
        self.write_app("import pkg_resources\n")
        done = run("check", "imports", self.spec, "--store", SHARED_STORE, "--format", "json")
        value = json.loads(done.out)
        self.assertEqual((done.returncode, value["ok"]), (4, False))
        self.assertIn("`import hello` fails", value["imports"]["error"]["message"])
        self.write_app("print('fine')\n")
        value = json.loads(self.assert_ok(run("check", "imports", self.spec, "--store", SHARED_STORE, "--format", "json")).out)
        self.assertEqual((value["ok"], value["imports"]), (True, {"ok": True}))

    def test_an_import_that_kills_python_is_named(self):
        self.add("check: {imports: [tomli, hello]}\n")
        self.write_app("import os; os.kill(os.getpid(), 11)\n")
        done = run("build", self.spec, "--store", SHARED_STORE)
        self.assert_fails(done, 4, "`import hello` does not come back", "signal 11")

    def test_a_command_that_fails_shows_its_last_words(self):
        self.add("check: {command: [python, hello.py, --dry-run]}\n")
        self.write_app("import sys\nprint('said', sys.argv[1:])\nsys.exit('no data')\n")
        done = run("build", self.spec, "--store", SHARED_STORE, "-o", f"oci:{self.directory}/layout")
        self.assert_fails(done, 4, "`python hello.py --dry-run` ended with status 1", "mlbuild.yaml:11:18",
                          "said ['--dry-run']", "no data")
        self.assertEqual(self.outputs(), [])

    def test_what_the_image_says_does_nothing_to_the_terminal(self):
        self.add("check:\n  imports: [hello]\n")
        self.write_app("raise RuntimeError('\\x1b]0;title\\x07' + 'x' * 5000)\n")
        done = run("build", self.spec, "--store", SHARED_STORE)
        self.assert_fails(done, 4, "`import hello` fails in the image", "RuntimeError: \\x1b]0;title\\x07xxx")
        self.assertNotIn("x" * 1000, done.err)
        self.assertNotIn("\x1b", done.err)

    def test_the_network_and_the_host_are_out_of_reach(self):
        self.add("check: {command: [python, hello.py]}\n")
        self.write_app("import os, socket, sys\n"
                       f"assert not os.path.exists({str(self.directory)!r})\n"
                       "assert 'MLBUILD' not in os.environ, os.environ\n"
                       "try: socket.create_connection(('192.0.2.1', 80), 5)\n"
                       "except OSError as error: assert error.errno == 101, error\n"
                       "else: sys.exit('connected')\n")
        self.build(self.spec)

    def test_names_that_are_no_modules_are_told(self):
        self.add("check: {imports: [scikit-learn, 'a b', .x], command: ['']}\n")
        done = run("build", self.spec, "--store", SHARED_STORE)
        self.assert_fails(done, 2, "`scikit-learn` is no module's name", "`a b`", "`.x`", "`check.command` has no program",
                          "4 mistakes found")


class Run(Image):
    def test_the_image_starts_as_it_says(self):
        self.add("  env: {GREETING: hello}\n")  # below config, which ends the example
        self.write_app("import os, sys, tomli\n"
                       "print(os.getcwd(), os.environ['GREETING'], sys.argv, os.environ.get('MLBUILD'), sys.stdin.read())\n")
        done = self.assert_ok(self.start())
        self.assertEqual(done.out, "/app hello ['hello.py'] None \n")

    def test_arguments_take_the_place_of_cmd_and_its_status_is_ours(self):
        done = self.start("--env", "A=0", "--env", "A=1", "--env", "HOME", "--", "python", "-c",
                          "import os, sys; print(os.environ['A'], os.environ['HOME']); sys.exit(41)", "--", "-h")
        self.assertEqual((done.returncode, done.out), (41, f"1 {os.environ['HOME']}\n"))

    def test_a_program_may_be_relative_to_the_working_directory(self):
        done = self.start("--", "../usr/local/bin/python", "hello.py")
        self.assertEqual(self.assert_ok(done).out, "hello from a small image\n")
        self.assert_fails(self.start("--", "./nosuchprogram"), 1, "./nosuchprogram")

    def test_mounts_may_be_written_and_the_image_not_changed(self):
        data = self.directory / "data"
        data.mkdir()
        (data / "in").write_text("given")
        program = ("import pathlib as p; p.Path('/data/out').write_text(p.Path('/data/in').read_text());"
                   "print(p.Path('/app/left').exists()); p.Path('/app/left').write_text('x')")
        for _ in range(2):
            self.assertEqual(self.assert_ok(self.start("--mount", f"{data}:/data", "--", "python", "-c", program)).out, "False\n")
        self.assertEqual((data / "out").read_text(), "given")
        refused = self.start("--mount", f"{data}:/data:ro", "--", "python", "-c", "open('/data/out', 'w')")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("Read-only file system", refused.err)

    def test_no_network_where_none_is_wanted(self):
        program = "import socket\ntry: socket.create_connection(('192.0.2.1', 80), 5)\nexcept OSError as e: print(e.errno)"
        self.assertEqual(self.assert_ok(self.start("--network", "none", "--", "python", "-c", program)).out, "101\n")

    def test_the_configured_user_is_who_runs(self):
        self.add("  user: '1000:100'\n")
        done = self.assert_ok(self.start("--", "python", "-c", "import os; print(os.getuid(), os.getgid())"))
        self.assertEqual(done.out, "1000 100\n")

    def test_memory_above_the_limit_ends_it_and_says_why(self):
        done = self.start("--memory", "100m", "--", "python", "-c", "x = bytearray(1 << 30); x[::4096] = b'1' * len(x[::4096])")
        self.assertEqual(done.returncode, 137)
        self.assertIn("more memory than `--memory 100m`", done.err)

    def test_signals_reach_the_program(self):
        program = ("import signal, sys, time\n"
                   "signal.signal(signal.SIGTERM, lambda *_: (print('asked to end'), sys.exit(3)))\n"
                   "print('ready', flush=True)\nwhile True: time.sleep(0.05)\n")
        for number, code, last in ((signal.SIGTERM, 3, "asked to end"), (signal.SIGINT, 130, "")):
            with subprocess.Popen([MLBUILD, "run", "--store", SHARED_STORE, self.spec, "--", "python", "-c", program],
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
                self.assertEqual(process.stdout.readline(), "ready\n")
                process.send_signal(number)
                out, err = process.communicate(timeout=60)
            self.assertEqual((process.returncode, out.strip()), (code, last), err)

    def test_the_death_of_mlbuild_ends_the_program(self):
        alive = self.directory / "alive"
        alive.mkdir()
        program = "import time\nwhile True: open('/alive/beat', 'a').write('x'); time.sleep(0.02)\n"
        with subprocess.Popen([MLBUILD, "run", "--store", SHARED_STORE, "--mount", f"{alive}:/alive", self.spec, "--",
                               "python", "-c", program]) as process:
            self.wait_until(lambda: (alive / "beat").exists())
            process.kill()
        self.wait_until(lambda: self.is_still(alive / "beat"))

    def wait_until(self, condition):
        end = time.monotonic() + 60
        while not condition():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)

    def is_still(self, path):
        size = path.stat().st_size
        time.sleep(0.3)
        return path.stat().st_size == size

    def test_what_makes_no_sense_is_told_before_anything_runs(self):
        self.assert_fails(self.start("--memory", "much"), 2, "`--memory` is `much`")
        self.assert_fails(self.start("--mount", "data"), 2, "is not HOST:INSIDE")
        self.assert_fails(self.start("--mount", "nowhere:/data"), 2, "there is no `nowhere`")
        self.assert_fails(self.start("--env", "=x"), 2, "has no name")
        self.assert_fails(self.start("--env", "NOT_SET_HERE"), 2, "has no value here")
        self.assert_fails(self.start("--", "nosuchprogram"), 1, "nosuchprogram")

    @unittest.skipUnless(os.geteuid() == 0, "is an ordinary user already: all of the above shows it")
    def test_an_ordinary_user_runs_it_too(self):
        os.chmod(self.directory, 0o755)
        binary = shutil.copy(MLBUILD, self.directory / "mlbuild")
        subprocess.run(["chown", "-R", "65534:65534", self.directory], check=True)
        done = subprocess.run([os.environ["MLBUILD_IN_OWN_ROOT"], "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--",
                               binary, "run", "--store", self.directory / "store", self.spec],
                              env={**os.environ, "HOME": str(self.directory)}, cwd="/", capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout), (0, "hello from a small image\n"), done.stderr)


class RealSpec(CliTest):
    def test_a_setuptools_without_pkg_resources_is_stopped_by_the_import_check(self):
        spec = self.copy_spec("sklearn-train") / "mlbuild.yaml"
        text = spec.read_text().replace("  exclude-newer: 2024-06-01\n", "")
        spec.write_text(text + "check: {imports: [mlflow]}\n")
        with open(spec.parent / "requirements.txt", "a") as requirements:
            requirements.write("setuptools>=82\n")
        done = run("build", spec, "--store", SHARED_STORE, "-o", f"oci:{self.directory}/layout")
        self.assert_fails(done, 4, "`import mlflow` fails in the image", "No module named 'pkg_resources'",
                          "comes from the layer `wheel mlflow-skinny 2.12.1`")
        self.assertEqual(list(self.directory.glob("layout")), [])


class RunNamedImage(Image):
    """`mlbuild run` of what is kept in a layout, an archive or a registry."""

    def setUp(self):
        super().setUp()
        self.write_app("import os, sys\nprint('kept', os.getcwd(), sys.argv[1:])\n")

    def start_named(self, *words, **kwargs):
        return run("run", "--store", SHARED_STORE, *words, **kwargs)

    def test_a_layout_starts_by_directory_and_tag(self):
        self.build(self.spec, "-t", "kept:1.0", "-o", f"oci:{self.directory}/layout")
        for name in (f"oci:{self.directory}/layout", f"oci:{self.directory}/layout:1.0"):
            self.assertEqual(self.assert_ok(self.start_named(name)).out, "kept /app []\n")
        done = self.start_named(f"oci:{self.directory}/layout", "--", "python", "hello.py", "x")
        self.assertEqual(self.assert_ok(done).out, "kept /app ['x']\n")
        self.assert_fails(self.start_named(f"oci:{self.directory}/layout:2.0"), 2, "2.0")
        self.assert_fails(self.start_named(f"oci:{self.directory}"), 2, "is no OCI layout")

    def test_an_archive_starts(self):
        self.build(self.spec, "-t", "kept:1.0", "-o", f"docker:{self.directory}/image.tar")
        self.assertEqual(self.assert_ok(self.start_named("archive:image.tar", cwd=self.directory)).out, "kept /app []\n")

    def test_an_image_of_a_registry_starts(self):
        with DockerRegistry() as registry:
            self.build(self.spec, "-t", f"{registry.host}/ml/kept:1.0", "--push")
            done = self.assert_ok(self.start_named(f"{registry.host}/ml/kept:1.0"))
            self.assertEqual(done.out, "kept /app []\n")
            self.assert_fails(self.start_named(f"{registry.host}/ml/kept:none"), 3, "kept:none")

    def test_a_word_that_is_no_image_is_a_spec(self):
        self.assert_fails(self.start_named("nowhere.yaml"), 2, "nowhere.yaml")

    @unittest.skipIf(os.path.exists("/dev/nvidia0"), "there is a GPU here")
    def test_a_gpu_that_is_not_there_is_named(self):
        self.assert_fails(self.start_named(self.spec, "--gpu"), 1, "no NVIDIA GPU", "nvidia-smi")


class WeakerMachine(Image):
    """Where containers or settings take namespaces away (tests/support/like_docker.cpp, without_user_namespaces.cpp)."""

    IN_OWN_ROOT = os.environ["MLBUILD_IN_OWN_ROOT"]
    LIKE_DOCKER = os.environ["MLBUILD_LIKE_DOCKER"]
    WITHOUT_USER_NAMESPACES = os.environ["MLBUILD_WITHOUT_USER_NAMESPACES"]

    def setUp(self):
        super().setUp()
        self.add("check: {imports: [tomli, hello]}\n")
        self.write_app(f"print({str(self.directory)!r})\n")  # an image that nobody has tried before

    def checked_build(self, *prefix, options=(), env=None):
        return run(*options, "build", self.spec, "--store", SHARED_STORE, "--format", "json",
                   prefix=[self.IN_OWN_ROOT, *prefix], env=env)

    def level(self, done):
        return json.loads(self.assert_ok(done).out)["images"][0]["sandbox"]

    def ordinary_user(self, wrapper, *options):
        """mlbuild as uid 65534 with a store of its own that has every blob already."""
        os.chmod(self.directory, 0o755)
        self.build(self.spec)
        store = self.directory / "store"
        shutil.copytree(SHARED_STORE, store, ignore=shutil.ignore_patterns("trees", "tmp", "lock", "*.lock"), symlinks=True, copy_function=os.link)
        binary = shutil.copy(MLBUILD, self.directory / "mlbuild")
        subprocess.run(["chown", "-R", "65534:65534", self.spec.parent], check=True)
        subprocess.run(["find", store, "-type", "d", "-exec", "chown", "65534:65534", "{}", "+"], check=True)
        return subprocess.run([self.IN_OWN_ROOT, *wrapper, binary, "build", self.spec, "--store", store, "--force", *options],
                              env={**os.environ, "HOME": str(self.directory)}, cwd="/", capture_output=True, text=True)

    def test_the_level_is_recorded_and_at_its_best_nothing_is_said_of_it(self):
        done = self.checked_build(options=["--sandbox", "require:L0"])
        self.assertEqual(self.level(done), "L0")
        self.assertNotIn("sandbox is at level", done.err)
        self.assertEqual(self.level(self.checked_build()), "")  # remembered: nothing had to run

    def test_an_unknown_level_is_refused(self):
        self.assert_fails(self.checked_build(options=["--sandbox", "require:L9"]), 2, "`require:L9` is neither `auto` nor")
        self.assert_fails(self.checked_build(env={"MLBUILD_SANDBOX": "strong"}), 2, "MLBUILD_SANDBOX: `strong` is neither")

    @unittest.skipUnless(os.geteuid() == 0, "only root may change its root directory")
    def test_docker_as_root_gets_a_chroot_and_a_warning(self):
        done = self.checked_build(self.LIKE_DOCKER)
        self.assertEqual(self.level(done), "L2")
        self.assertIn("the sandbox is at level L2 of L0 to L3", done.err)

    @unittest.skipUnless(os.geteuid() == 0, "only root may change its root directory")
    def test_docker_as_root_is_refused_where_the_best_is_required(self):
        for options, env in ((["--sandbox=require:L0"], {}), ((), {"MLBUILD_SANDBOX": "require:L1"})):
            done = self.checked_build(self.LIKE_DOCKER, options=options, env=env)
            self.assert_fails(done, 1, "reaches only level L2 here", "--security-opt seccomp=unconfined")
            self.assertNotIn('"images"', done.out)

    @unittest.skipUnless(os.geteuid() == 0, "only root can become somebody else")
    def test_docker_as_an_ordinary_user_is_refused_with_the_remedy(self):
        done = self.ordinary_user([self.LIKE_DOCKER, "--user", "65534"])
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("this step needs a root of its own", done.stderr)
        self.assertIn("--security-opt seccomp=unconfined", done.stderr)

    def test_root_without_user_namespaces_does_without(self):
        done = self.checked_build(self.WITHOUT_USER_NAMESPACES)
        self.assertEqual(self.level(done), "L1")
        self.assertIn("could not make namespaces: No space left on device", done.err)

    def test_a_user_without_user_namespaces_is_told_the_setting(self):
        done = self.checked_build(self.WITHOUT_USER_NAMESPACES, "--user")
        self.assert_fails(done, 1, "this step needs a root of its own", "sudo sysctl -w user.max_user_namespaces=")


if __name__ == "__main__":
    unittest.main()
