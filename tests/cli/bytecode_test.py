"""Bytecode from end to end: where it comes from, when there is none, and what the plan says of it."""

import io
import json
import os
import tarfile

from support import SHARED_STORE, CliTest, layout_blob, layout_files, layout_manifest, main, run

SPEC = """version: 1
name: small
base: {{flavor: distroless}}
requirements: {{runtime: [idna==3.7, six==1.16.0]}}
python: {{bytecode: {bytecode}}}
"""
CACHED = "usr/local/lib/python3.11/site-packages/{}.cpython-311.pyc"


class Bytecode(CliTest):
    def spec(self, bytecode="true"):
        spec = self.write_spec(SPEC.format(bytecode=bytecode))
        self.assert_ok(run("lock", spec, "--store", SHARED_STORE))
        return spec

    def steps(self, spec, *args):
        plan = json.loads(self.build(spec, "--locked", "--dry-run", "--format", "json", *args).out)["images"][0]
        return {step["id"].split("/", 2)[2]: step for step in plan["steps"]}

    def test_the_library_and_every_wheel_have_it_in_layers_of_their_own(self):
        layout = self.directory / "layout"
        self.build(self.spec(), "--locked", "-o", f"oci:{layout}", "-t", "small:1")
        files = layout_files(layout)
        for path in ("idna/__pycache__/core", "__pycache__/six"):
            self.assertIn(CACHED.format(path), files)
        self.assertIn("usr/lib/python3.11/json/__pycache__/decoder.cpython-311.pyc", files)
        sources = {name for name in files if name.endswith(".py") and ("/site-packages/" in name or name.startswith("usr/lib/python3.11/"))}
        self.assertEqual(len([name for name in files if name.endswith(".pyc")]), len(sources))
        manifest = layout_manifest(layout)
        history = json.loads(layout_blob(layout, manifest["config"]["digest"]))["history"]
        for layer, step in zip(manifest["layers"], history, strict=True):
            with tarfile.open(fileobj=io.BytesIO(layout_blob(layout, layer["digest"])), mode="r:gz") as tar:
                members = tar.getmembers()
            kinds = {member.name.endswith(".pyc") for member in members if member.isfile()}
            self.assertEqual(kinds, {step["created_by"].startswith("bytecode ")})
            if True not in kinds:
                continue
            self.assertEqual({(member.uid, member.gid, member.mtime, member.mode) for member in members},
                             {(0, 0, 315532800, 0o755), (0, 0, 315532800, 0o644)})

    def test_false_leaves_it_out_and_nothing_else(self):
        with_bytecode = json.loads(self.build(self.spec(), "--locked", "--format", "json").out)["images"][0]["layers"]
        without = json.loads(self.build(self.spec("false"), "--locked", "--format", "json").out)["images"][0]["layers"]
        self.assertEqual([layer["digest"] for layer in with_bytecode if not layer["created_by"].startswith("bytecode ")],
                         [layer["digest"] for layer in without])
        self.assertLess(len(without), len(with_bytecode))

    def test_the_plan_names_cause_and_change(self):
        spec = self.spec()
        self.build(spec, "--locked")
        steps = self.steps(spec)
        self.assertEqual({name: step["state"] for name, step in steps.items() if name.startswith("bytecode:")},
                         {"bytecode:library": "cached", "bytecode:wheel:idna": "cached", "bytecode:wheel:six": "cached"})
        # A version that no other test builds: they share the store.
        spec.write_text(spec.read_text().replace("idna==3.7", "idna==3.4"))
        self.assert_ok(run("lock", spec, "--store", SHARED_STORE))
        bumped = self.steps(spec)["bytecode:wheel:idna"]
        self.assertEqual((bumped["state"], bumped["reason"]), ("run", "card-changed"))
        self.assertIn("idna-3.7", bumped["explanation"])
        self.assertEqual(bumped["causes"][0]["line"], 4)
        self.assertIn("bytecode of wheel idna 3.4", self.build(spec, "--locked", "--dry-run", "--explain").out)

    def test_without_a_sandbox_the_image_has_none_and_a_line_says_why(self):
        store = self.directory / "store"
        expected = self.build(self.spec("false"), "--locked").out
        spec = self.spec()
        no_namespaces = [os.environ["MLBUILD_IN_OWN_ROOT"], os.environ["MLBUILD_WITHOUT_USER_NAMESPACES"], "--user"]
        planned = self.build(spec, "--locked", "--dry-run", "--format", "json", store=store, prefix=no_namespaces)
        self.assertIn("the image gets no bytecode: ", planned.err)
        image = json.loads(planned.out)["images"][0]
        self.assertIn(image["no_bytecode"], planned.err)
        self.assertFalse([step for step in image["steps"] if "bytecode:" in step["id"]])
        done = self.build(spec, "--locked", store=store, prefix=no_namespaces)
        self.assertIn("the image gets no bytecode: ", done.err)
        self.assertEqual(done.out, expected)
        again = self.build(spec, "--locked", store=store)
        self.assertNotIn("no bytecode", again.err)
        self.assertNotEqual(again.out, expected)
        known = self.build(spec, "--locked", store=store, prefix=no_namespaces)
        self.assertNotIn("no bytecode", known.err)  # what is there needs no sandbox
        self.assertEqual(known.out, again.out)

    def test_an_image_for_another_processor_has_none(self):
        machine = {"x86_64": "linux/arm64", "aarch64": "linux/amd64"}[os.uname().machine]
        spec = self.write_spec(SPEC.format(bytecode="true") + f"platforms: [{machine}]\n")
        done = self.build(spec)
        self.assertIn(f"the image gets no bytecode: the image is for {machine}", done.err)

    def test_on_a_foreign_base_wheels_have_it_by_the_base_s_interpreter(self):
        base = self.spec("false")
        self.build(base, "--locked", "-o", f"oci:{self.directory}/base", "-t", "base:1")
        spec = self.write_spec("version: 1\nname: top\nbase: {oci: base}\nrequirements: {runtime: [tomli==2.0.1]}\n")
        layout = self.directory / "layout"
        self.build(spec, "-o", f"oci:{layout}", "-t", "top:1")
        compiled = [name for name in layout_files(layout) if name.endswith(".pyc")]
        self.assertIn(CACHED.format("tomli/__pycache__/_parser"), compiled)
        self.assertTrue(all("/tomli/" in name for name in compiled), compiled)
        own = self.write_spec("version: 1\nname: own\nbase: {flavor: distroless}\nrequirements: {runtime: [tomli==2.0.1]}\n")
        self.build(own, "-o", f"oci:{self.directory}/own", "-t", "own:1")
        layers = [{layer["digest"] for layer in layout_manifest(self.directory / name)["layers"]} for name in ("layout", "own")]
        self.assertGreaterEqual(len(layers[0] & layers[1]), 2)  # wheel and bytecode: one interpreter, the same bytes


if __name__ == "__main__":
    raise SystemExit(main())
