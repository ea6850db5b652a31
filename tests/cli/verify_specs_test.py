"""`mlbuild verify` proves the images of the example specs from what travels with them, and says what it cannot."""

import json
import shutil
import tempfile
import pathlib

from docker_registry import DockerRegistry
from support import SHARED_STORE, CliTest, main, run


class Specs(CliTest):
    def verified(self, image):
        report = json.loads(self.assert_ok(run("verify", image, "--store", SHARED_STORE, "--format", "json")).out)
        self.assertTrue(report["same"])
        self.assertTrue(all(layer["same"] for layer in report["layers"]))
        return report

    def test_minimal_in_a_layout(self):
        spec = self.locked_spec("minimal")
        self.build(spec, "--locked", "-o", f"oci:{self.directory}/layout")
        shutil.rmtree(spec.parent)
        self.verified(f"oci:{self.directory}/layout")

    def test_sklearn_train_in_a_registry(self):
        spec = self.locked_spec("sklearn-train")
        with DockerRegistry() as registry:
            image = f"{registry.host}/ml/train:1"
            self.build(spec, "--locked", "--push", "-t", image)
            shutil.rmtree(spec.parent)
            self.assertGreater(len(self.verified(image)["layers"]), 30)

    def test_torch_cuda_in_a_layout(self):
        spec = self.locked_spec("torch-cuda")
        self.build(spec, "--locked", "-o", f"oci:{self.directory}/layout")
        shutil.rmtree(spec.parent)
        self.assertGreater(len(self.verified(f"oci:{self.directory}/layout")["layers"]), 30)

    def test_on_a_base_that_is_gone(self):
        minimal = self.locked_spec("minimal")
        self.build(minimal, "--locked", "-o", f"oci:{self.directory}/base", "-o", f"docker:{self.directory}/base.tar", "-t", "base:1")
        (self.directory / "main.py").write_text("print('hello')\n")
        digests = set()
        for base in ("{oci: base}", "{archive: base.tar}"):
            spec = self.write_spec(f"version: 1\nname: top\nbase: {base}\nrequirements: {{runtime: [idna==3.7]}}\n"
                                   "steps: [{run: [python, -c, \"open('/opt/made', 'w').write('made')\"]}]\napp: [{from: main.py, to: /app/}]\n")
            digests.add(self.build(spec, "-o", f"oci:{self.directory}/top").out)
        self.assertEqual(len(digests), 1)
        shutil.rmtree(self.directory / "base")
        (self.directory / "base.tar").unlink()
        self.verified(f"oci:{self.directory}/top")

    def test_steps_with_inputs_need_the_spec(self):
        (self.directory / "make.py").write_text("open('/opt/made', 'w').write('made')\n")
        spec = self.write_spec("version: 1\nname: steps\npython: {bytecode: false}\n"
                               "steps: [{run: [python, /inputs/make.py], inputs: [make.py]}]\n")
        self.build(spec, "-o", f"oci:{self.directory}/layout")
        image = f"oci:{self.directory}/layout"
        self.assert_fails(run("verify", image, "--store", SHARED_STORE), 2, "step `1` of the image reads files that are not in it")
        self.assert_ok(run("verify", image, spec, "--store", SHARED_STORE))


if __name__ == "__main__":
    raise SystemExit(main())
