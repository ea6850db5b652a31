"""`steps:`: commands of the spec run in the sandbox over the image so far; what they change there are layers."""

import io
import json
import os
import pathlib
import shutil
import tarfile
import unittest
import uuid

from docker_registry import DockerRegistry
from support import SHARED_STORE, CliTest, layout_blob, layout_manifest, main, run

# Without bytecode the layers are base, wheel and steps.
HEAD = "version: 1\nname: steps\nbase: {flavor: slim}\nrequirements: {runtime: [tomli==2.0.1]}\npython: {bytecode: false}\n"
STEPS = """steps:
  - name: table
    run: [python, /inputs/make.py, /opt/table.txt]
    inputs: [make.py]
  - run: |
      mkdir -p /srv/deep/er
      ln /opt/table.txt /srv/deep/er/again
      rm -rf /usr/share/zoneinfo/Africa
      touch /etc/passwd
      cp -a /usr/bin/env /usr/bin/env2 && mv /usr/bin/env2 /usr/bin/env
      echo left behind > /tmp/x
      echo left behind > /var/tmp/x
app: [{from: make.py, to: /app/}]
config: {cmd: [cat, /srv/deep/er/again]}
"""
# Nothing listens there: whoever asks an index or a mirror fails.
NOBODY = {"MLBUILD_PYTHON_INDEX": "http://127.0.0.1:9/simple", "MLBUILD_DEBIAN_MIRROR": "http://127.0.0.1:9/debian"}


class Steps(CliTest):
    def setUp(self):
        super().setUp()
        self.make = self.directory / "make.py"
        self.make.write_text("import sys, tomli\nopen(sys.argv[1], 'w').write(f'made with {tomli.__name__}\\n')\n")

    def locked(self, steps=STEPS):
        spec = self.write_spec(HEAD + steps)
        self.assert_ok(run("lock", spec, "--store", SHARED_STORE))
        return spec

    def rewrite(self, steps):
        (self.directory / "mlbuild.yaml").write_text(HEAD + steps)
        return self.directory / "mlbuild.yaml"

    def layout(self, spec, *args):
        shutil.rmtree(self.directory / "layout", ignore_errors=True)
        self.build(spec, "--locked", "-o", f"oci:{self.directory}/layout", *args)
        return self.directory / "layout"

    def entries(self, layout, layer):
        """Name -> member of one layer, read by an independent reader."""
        blob = layout_blob(layout, layout_manifest(layout)["layers"][layer]["digest"])
        with tarfile.open(fileobj=io.BytesIO(blob), mode="r:gz") as tar:
            return {member.name: member for member in tar}

    def states(self, spec, *args):
        plan = json.loads(self.build(spec, "--locked", "--dry-run", "--format", "json", *args).out)["images"][0]
        return {step["id"].rsplit("/", 1)[1]: step["state"] for step in plan["steps"]}


class Layers(Steps):
    def test_what_a_command_changed_is_the_layer(self):
        layout = self.layout(self.locked(), "--force")
        self.assertEqual(list(self.entries(layout, 2)), ["opt", "opt/table.txt"])
        second = self.entries(layout, 3)
        self.assertEqual(list(second), ["opt", "opt/table.txt", "srv", "srv/deep", "srv/deep/er", "srv/deep/er/again", "usr", "usr/share",
                                        "usr/share/zoneinfo", "usr/share/zoneinfo/.wh.Africa"])
        self.assertEqual((second["srv/deep/er/again"].type, second["srv/deep/er/again"].linkname), (tarfile.LNKTYPE, "opt/table.txt"))
        for name, member in second.items():
            self.assertEqual((member.uid, member.gid, member.uname, member.mtime), (0, 0, "", 315532800), name)
        self.assertEqual(self.assert_ok(run("run", self.directory / "mlbuild.yaml", "--store", SHARED_STORE)).out, "made with tomli\n")
        gone = run("run", self.directory / "mlbuild.yaml", "--store", SHARED_STORE, "--", "ls", "/usr/share/zoneinfo/Africa")
        self.assertEqual(gone.returncode, 2, gone.err)

    def test_the_environment_is_the_same_everywhere_and_holds_nothing_of_ours(self):
        steps = "steps:\n  - run: 'env | sort > /srv/env; umask > /srv/umask; id > /srv/id; pwd > /srv/pwd'\n    env: {MINE: 'as $WRITTEN'}\n"
        spec = self.locked(steps)
        layout = self.layout(spec, "--force")
        blob = layout_blob(layout, layout_manifest(layout)["layers"][2]["digest"])
        with tarfile.open(fileobj=io.BytesIO(blob), mode="r:gz") as tar:
            text = {name: tar.extractfile(f"srv/{name}").read().decode() for name in ("env", "umask", "id", "pwd")}
        self.assertEqual([line.split("=")[0] for line in text["env"].splitlines()],
                         ["HOME", "LANG", "MINE", "PATH", "PWD", "PYTHONDONTWRITEBYTECODE", "PYTHONHASHSEED", "SOURCE_DATE_EPOCH", "TZ"])
        self.assertIn("MINE=as $WRITTEN\n", text["env"])
        self.assertEqual((text["umask"], text["pwd"]), ("0022\n", "/\n"))
        self.assertIn("uid=0(root) gid=0(root)", text["id"])

    def test_inputs_are_read_only_and_no_part_of_the_image(self):
        (self.directory / "data").mkdir()
        (self.directory / "data/a").write_text("given")
        steps = ("steps:\n  - run: |\n      if echo x 2>/dev/null >> /inputs/make.py; then exit 7; fi\n      cp /opt/data/a /opt/copy\n"
                 "      ls -ln /inputs /opt/data > /srv/listing\n    inputs: [make.py, {from: data/, to: /opt/data}]\n")
        (self.directory / "data/a").chmod(0o600)
        layout = self.layout(self.locked(steps), "--force")
        self.assertEqual(list(self.entries(layout, 2)), ["opt", "opt/copy", "srv", "srv/listing"])
        (self.directory / "data/a").chmod(0o644)
        os.utime(self.directory / "data/a", (0, 0))
        self.assertEqual(self.states(self.directory / "mlbuild.yaml")["step:1"], "cached")

    def test_what_no_layer_can_hold_is_refused_with_its_path(self):
        spec = self.locked("steps:\n  - run: 'mkfifo /srv/pipe'\n")
        self.assert_fails(run("build", spec, "--locked", "--store", SHARED_STORE), 1, "`/srv/pipe` cannot be part of a layer: it is a FIFO")
        spec = self.rewrite("steps:\n  - run: 'touch /srv/f; chown 1000:1000 /srv/f'\n")
        self.assert_fails(run("build", spec, "--locked", "--store", SHARED_STORE), 1, "changing ownership of '/srv/f'", "Invalid argument")
        spec = self.rewrite("steps:\n  - run: 'touch /srv/f; chmod u+s /srv/f'\n")
        self.assert_fails(run("build", spec, "--locked", "--store", SHARED_STORE), 1, "Operation not permitted")


class Keys(Steps):
    def test_unchanged_steps_do_not_run_and_the_app_is_not_below_them(self):
        spec = self.locked(STEPS.replace("[{from: make.py", "[{from: mlbuild.yaml"))
        self.build(spec, "--locked")
        self.assertEqual(set(self.states(spec).values()), {"cached"})
        spec.write_text(spec.read_text() + "# another line\n")
        self.assertEqual({name for name, state in self.states(spec).items() if state != "cached"}, {"app"})

    def test_explain_says_why_a_step_runs(self):
        spec = self.locked()
        self.build(spec, "--locked")
        self.make.write_text(self.make.read_text() + f"# other bytes each time, same output: {uuid.uuid4()}\n")
        plan = self.build(spec, "--locked", "--dry-run", "--explain").out
        self.assertRegex(plan, r"step table: .* run .*input /inputs/make.py: sha256:\w+.* -> sha256:")
        self.assertRegex(plan, r"asked for at .*mlbuild.yaml:8:10")
        self.assertRegex(plan, r"step 2: .* open .*waits for step:table")
        done = self.build(spec, "--locked", "--format", "json")
        self.assertEqual(json.loads(done.out)["images"][0]["layers_made"], 2)  # table and app: the same bytes let the second be

    def test_network_is_off_unless_asked_for_and_then_said(self):
        program = "import socket\\ntry: socket.create_connection(('192.0.2.1', 80), 0.2)\\nexcept OSError as e: print(e.errno, file=open('/srv/error', 'w'))"
        step = f'steps:\n  - run: [python, -c, "{program}"]\n'
        spec = self.locked(step)
        layout = self.layout(spec)
        blob = layout_blob(layout, layout_manifest(layout)["layers"][2]["digest"])
        with tarfile.open(fileobj=io.BytesIO(blob), mode="r:gz") as tar:
            self.assertEqual(tar.extractfile("srv/error").read(), b"101\n")
        spec = self.rewrite(step + "    network: true\n")
        plan = self.build(spec, "--locked", "--dry-run", "--explain").out
        self.assertIn("(with network, not reproducible)", plan)
        self.assertIn("network: no -> yes", plan)

    def test_root_and_ordinary_user_and_any_surroundings_make_the_same(self):
        spec = self.locked()
        reference = self.build(spec, "--locked").out.strip()
        again = self.build(spec, "--locked", "--force", env={"TZ": "Asia/Kathmandu", "LC_ALL": "C", "HOME": str(self.directory)},
                           prefix=["sh", "-c", 'umask 077; exec "$@"', "sh"])
        self.assertEqual(again.out.strip(), reference)
        if os.geteuid() != 0:
            return
        done = self.build_as_ordinary_user(spec)
        self.assertEqual((done.returncode, done.stdout.strip()), (0, reference), done.stderr)


class Failures(Steps):
    def test_a_failing_step_tells_place_status_and_last_words_and_nothing_is_published(self):
        spec = self.locked("steps:\n  - run: |\n      echo started\n      false || echo going on >&2\n      exit 3\n")
        done = run("build", spec, "--locked", "--store", SHARED_STORE, "-o", f"oci:{self.directory}/layout")
        self.assert_fails(done, 1, "failed: exit status 3", "mlbuild.yaml:7:10", "started", "going on", "nothing was published")
        self.assertFalse((self.directory / "layout").exists())

    def test_the_first_failing_line_of_a_text_ends_it(self):
        spec = self.locked("steps:\n  - run: |\n      cat /nowhere\n      echo never\n")
        self.assert_fails(run("build", spec, "--locked", "--store", SHARED_STORE), 1, "exit status 1", "/nowhere: No such file")

    def test_a_program_that_is_not_there_is_named(self):
        spec = self.locked("steps:\n  - run: [nosuchprogram]\n")
        self.assert_fails(run("build", spec, "--locked", "--store", SHARED_STORE), 1, "nosuchprogram", "mlbuild.yaml:7:10")

    def test_a_name_that_cannot_be_resolved_points_to_network(self):
        spec = self.locked("steps:\n  - run: [python, -c, \"import urllib.request as u; u.urlopen('http://registry.example/')\"]\n")
        self.assert_fails(run("build", spec, "--locked", "--store", SHARED_STORE), 1, "steps have no network unless they say `network: true`")


class Registry(Steps):
    def test_a_fresh_runner_takes_steps_from_the_image_in_the_registry(self):
        with DockerRegistry() as registry:
            spec, name = self.locked(), f"{registry.host}/ml/steps:1"
            reference = self.build(spec, "--locked", "--push", "-t", name).out.strip()
            spec.write_text(spec.read_text().replace("[cat,", "[tac,"))
            done = self.build(spec, "--locked", "--push", "-t", name, "--format", "json", store=self.directory / "empty", env=NOBODY)
            image = json.loads(done.out)["images"][0]
            self.assertEqual((image["layers_made"], image["layers_in_registry"], image["fetched_bytes"]), (0, 5, 0))
            self.assertEqual([path.name for path in pathlib.Path(self.directory / "empty/trees").glob("*")], [])
            self.assertNotEqual(image["digest"], reference)
            spec.write_text(spec.read_text().replace("left behind", "left"))  # the last step runs over layers of the registry
            done = self.build(spec, "--locked", "--push", "-t", name, "--format", "json", store=self.directory / "empty2", env=NOBODY)
            image = json.loads(done.out)["images"][0]
            self.assertEqual((image["layers_made"], image["layers_in_registry"]), (1, 4))  # made over layers of the registry

    def test_what_the_registry_lost_below_a_step_that_must_run_is_made(self):
        with DockerRegistry() as registry:
            spec, name = self.locked(), f"{registry.host}/ml/steps:1"
            built = json.loads(self.build(spec, "--locked", "--push", "-t", name, "--format", "json").out)
            for layer in built["images"][0]["layers"][1:3]:  # the wheel, the first step
                registry.lose(layer["digest"])
            spec.write_text(spec.read_text().replace("left behind", "left"))
            done = self.build(spec, "--locked", "--cache-from", name, "--format", "json", store=self.directory / "empty")
            image = json.loads(done.out)["images"][0]
            self.assertEqual((image["layers_made"], done.err.count("made instead")), (3, 2))
            self.assertEqual(image["digest"], self.build(spec, "--locked").out.strip())


if __name__ == "__main__":
    raise SystemExit(main())
