"""What a push sends when versions move and when another image has the same wheels: the scikit-learn image and a real registry."""

import json
import unittest

from docker_registry import DockerRegistry
from support import SHARED_STORE, CliTest, run


class RegistryBytes(CliTest):
    def setUp(self):
        super().setUp()
        self.registry = self.enterContext(DockerRegistry())
        self.spec = self.locked_spec("sklearn-train")

    def forget_dev(self):
        """Leaves out the group that no image has: fewer packages to resolve."""
        lines = self.spec.read_text().splitlines(True)
        self.spec.write_text("".join(line for line in lines if not line.startswith("  dev:")))

    def replace(self, old, new):
        path = self.spec.parent / "requirements.txt"
        self.assertIn(old, path.read_text())
        path.write_text(path.read_text().replace(old, new))

    def lock(self, spec):
        self.assert_ok(run("lock", spec, "--store", SHARED_STORE))
        return {wheel["name"]: wheel["version"] for wheel in json.loads(spec.with_suffix(".lock").read_text())["images"][0]["wheels"]}

    def push(self, spec, name, *args):
        """The summary, and the bytes that the registry has more than before."""
        before = self.registry.stored_bytes()
        built = json.loads(self.build(spec, "--locked", "--push", "-t", f"{self.registry.host}/{name}", "--format", "json", *args).out)
        return built["images"][0], built["published"][0]["written_bytes"], self.registry.stored_bytes() - before

    def test_a_bump_of_boto3_sends_boto3_and_its_small_neighbours(self):
        # aiobotocore[boto3], which dvc[s3] needs, holds boto3 and botocore together: without it boto3 can move by itself.
        self.forget_dev()
        self.replace("dvc[s3]==3.50.0", "dvc==3.50.0\nbotocore==1.34.106")
        before = self.lock(self.spec)
        self.push(self.spec, "ml/train:1")
        self.replace("boto3==1.34.69", "boto3==1.34.70")
        self.assertEqual(moved(before, self.lock(self.spec)), {"boto3"})
        _, said, sent = self.push(self.spec, "ml/train:1")
        print(f"boto3: {sent} bytes sent")
        self.assertEqual(said, sent)
        self.assertLessEqual(sent, 5_000_000)

    def test_a_bump_moves_what_has_to_move_and_nothing_else(self):
        self.forget_dev()
        first = self.lock(self.spec)
        old, _, _ = self.push(self.spec, "ml/train:1")
        self.replace("boto3==1.34.69", "boto3==1.34.70")
        second = self.lock(self.spec)
        self.assertEqual(moved(first, second), {"boto3", "botocore", "aiobotocore"})
        new, _, together = self.push(self.spec, "ml/train:1")
        bytecode = sum(layer["size"] for layer in new["layers"] if layer["created_by"].startswith("bytecode ")
                       and layer["digest"] not in {layer["digest"] for layer in old["layers"]})
        self.replace("boto3==1.34.70", "boto3==1.34.71")
        self.assertEqual(moved(second, self.lock(self.spec)), {"boto3"})
        _, _, alone = self.push(self.spec, "ml/train:1")
        print(f"boto3 with botocore and aiobotocore: {together} bytes sent, {bytecode} of bytecode; boto3 alone: {alone}")
        self.assertLessEqual(together - bytecode, 16_000_000)
        self.assertLessEqual(bytecode, 3_500_000)  # botocore's own layer and the groups of the two small ones
        self.assertLessEqual(alone, 5_000_000)

    def test_an_image_with_the_same_wheels_sends_none_of_them(self):
        first, _, _ = self.push(self.spec, "ml/train:1")
        shared = [layer for layer in first["layers"] if layer["created_by"].startswith(("wheel numpy ", "wheel scipy "))]
        self.assertEqual(len(shared), 2, [layer["created_by"] for layer in first["layers"]])
        spec = self.write_spec("version: 1\nname: other\nbase: {flavor: distroless}\n"
                               "requirements: {runtime: [numpy==1.26.4, scipy==1.13.1, tomli==2.0.1]}\n")
        self.lock(spec)
        mark = len(self.registry.requests())
        second, sent, _ = self.push(spec, "ml/other:1", "--mount-from", "ml/train")
        own = [layer for layer in second["layers"] if layer["digest"] not in {one["digest"] for one in first["layers"]}]
        self.assertEqual({layer["digest"] for layer in shared} - {layer["digest"] for layer in second["layers"]}, set())
        mounts = [path for method, path, status in self.registry.requests()[mark:] if method == "POST" and status == 201]
        self.assertEqual(len(mounts), len(second["layers"]) - len(own))
        self.assertLess(sent, sum(layer["size"] for layer in own) + 20_000)


def moved(before, now):
    return {name for name in before.keys() | now.keys() if before.get(name) != now.get(name)}


if __name__ == "__main__":
    unittest.main(verbosity=2)
