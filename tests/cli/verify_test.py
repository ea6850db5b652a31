"""`mlbuild verify`: an image is built again and compared. Images of application files only, so that nothing is fetched."""

import json
import os
import pathlib
import shutil

from support import CliTest, layout_blob, layout_manifest, main, run

SPEC = "version: 1\nname: demo\nbase: scratch\napp: [{from: src/, to: /app/src}, {from: run.sh, to: /app/}]\nconfig: {cmd: [/app/run.sh]}\n"


class Scratch(CliTest):
    def setUp(self):
        super().setUp()
        self.store = self.directory / "store"
        self.layout = self.directory / "layout"
        self.source = self.directory / "source"
        (self.source / "src" / "deep").mkdir(parents=True)
        (self.source / "src" / "deep" / "a.txt").write_text("a\n")
        (self.source / "src" / "empty").mkdir()
        os.symlink("deep/a.txt", self.source / "src" / "link")
        (self.source / "run.sh").write_text("#!/bin/sh\necho hello\n")
        (self.source / "run.sh").chmod(0o755)
        self.spec = self.source / "mlbuild.yaml"
        self.spec.write_text(SPEC)

    def layout_of(self, output="layout", *args, env=None):
        self.build(self.spec, "-o", f"oci:{self.directory}/{output}", *args, store=self.store, env=env)
        return self.directory / output

    def verify(self, *args, store=None):
        return run("verify", *args, "--store", store or self.directory / "other-store")

    def test_the_image_alone_is_enough(self):
        self.layout_of(env={"SOURCE_DATE_EPOCH": "1700000000"})
        shutil.rmtree(self.source)
        done = self.assert_ok(self.verify(f"oci:{self.layout}"))
        self.assertIn("1 of 1 layers are the same, byte for byte, and so are config and manifest", done.out)
        self.assertIn("built again from the record in the image", done.out)

    def test_a_spec_that_gives_the_image_is_told_from_one_that_does_not(self):
        self.layout_of()
        self.assert_ok(self.verify(f"oci:{self.layout}", self.spec))
        (self.source / "src" / "deep" / "a.txt").write_text("b\n")
        (self.source / "src" / "new.txt").write_text("new\n")
        self.spec.write_text(SPEC.replace("/app/run.sh]", "/app/run.sh, twice]"))
        done = self.assert_fails(self.verify(f"oci:{self.layout}", self.spec), 4, "gives another image")
        for text in ("differs  app, 3 files: made by another release of mlbuild, or from other inputs", "/app/src/deep/a.txt: other content", "/app/src/new.txt: only when built again",
                     "differs  config, cmd: `/app/run.sh` in the image, `/app/run.sh twice` built again", "0 of"):
            self.assertIn(text, done.out + done.err)

    def test_a_layer_that_was_repacked_differs_in_its_bytes_only(self):
        import gzip
        import hashlib
        self.layout_of()
        manifest = layout_manifest(self.layout)
        old = manifest["layers"][0]["digest"]
        repacked = gzip.compress(gzip.decompress(layout_blob(self.layout, old)), 1, mtime=0)
        self.replace_manifest(manifest, old, repacked)
        done = self.assert_fails(self.verify(f"oci:{self.layout}"), 4, "gives another image")
        self.assertIn("same files, but in other bytes", done.out)
        report = json.loads(self.verify(f"oci:{self.layout}", "--format", "json").out)
        self.assertEqual((report["same"], report["layers"][0]["found"]), (False, "sha256:" + hashlib.sha256(repacked).hexdigest()))
        self.assertEqual(report["layers"][0]["made"], old)

    def test_a_base_that_moved_differs_file_by_file(self):
        base = self.directory / "base"
        base.mkdir()
        (base / "mlbuild.yaml").write_text("version: 1\nname: base\nbase: scratch\napp: [{from: tool, to: /usr/bin/}]\n")
        (base / "tool").write_text("old\n")
        self.build(base / "mlbuild.yaml", "-o", f"oci:{self.source}/base", store=self.store)
        self.spec.write_text(SPEC.replace("base: scratch", "base: {oci: base}"))
        self.layout_of()
        shutil.rmtree(self.source / "base")
        (base / "tool").write_text("new\n")
        self.build(base / "mlbuild.yaml", "-o", f"oci:{self.source}/base", store=self.store)
        self.assert_ok(run("lock", self.spec, "--store", self.store))
        done = self.assert_fails(self.verify(f"oci:{self.layout}", self.spec), 4, "gives another image")
        self.assertIn("/usr/bin/tool: other content", done.out)
        self.assertIn("1 of 2 layers are the same", done.out)

    def test_a_place_whose_name_is_no_utf8_is_told_in_json_too(self):
        self.layout_of()
        place = self.directory / os.fsdecode(b"caf\xe9")
        self.layout.rename(place)
        report = json.loads(self.assert_ok(self.verify(f"oci:{place}", "--format", "json")).out)
        self.assertTrue(report["image"].endswith("/caf\ufffd"))

    def replace_manifest(self, manifest, digest, content):
        import hashlib
        blobs = self.layout / "blobs" / "sha256"

        def put(data):
            name = hashlib.sha256(data).hexdigest()
            (blobs / name).write_bytes(data)
            return "sha256:" + name
        for layer in manifest["layers"]:
            if layer["digest"] == digest:
                layer.update(digest=put(content), size=len(content))
        text = json.dumps(manifest).encode()
        index = json.loads((self.layout / "index.json").read_text())
        index["manifests"][0].update(digest=put(text), size=len(text))
        (self.layout / "index.json").write_text(json.dumps(index))

    def test_a_manifest_without_its_annotations_is_another_one(self):
        self.layout_of()
        manifest = layout_manifest(self.layout)
        del manifest["annotations"]
        for layer in manifest["layers"]:
            del layer["annotations"]
        self.replace_manifest(manifest, "", b"")
        done = self.assert_fails(self.verify(f"oci:{self.layout}", self.spec), 4, "gives another image")
        self.assertIn("manifest", done.out)

    def test_rotten_bytes_are_found(self):
        self.layout_of()
        blob = self.layout / "blobs" / "sha256" / layout_manifest(self.layout)["layers"][0]["digest"].removeprefix("sha256:")
        data = bytearray(blob.read_bytes())
        data[len(data) // 2] ^= 1
        blob.write_bytes(data)
        self.assertNotEqual(self.verify(f"oci:{self.layout}").returncode, 0)

    def test_a_docker_archive_has_no_record_but_a_spec_will_do(self):
        archive = self.directory / "image.tar"
        self.build(self.spec, "-o", f"docker:{archive}", "-t", "demo:1", store=self.store)
        self.assert_fails(self.verify(f"docker:{archive}"), 2, "does not say what it was built from", "name the spec")
        self.assert_ok(self.verify(f"docker:{archive}", self.spec))

    def test_a_comment_gives_the_same_image(self):
        digest = self.build(self.spec, store=self.store).out
        self.spec.write_text("# better words\n" + SPEC + "budget: {compressed: 1GB}\n")
        self.assertEqual(self.build(self.spec, store=self.store).out, digest)

    def test_a_record_that_makes_no_sense_is_refused(self):
        self.layout_of()
        manifest = layout_manifest(self.layout)
        for record in ("", "?", "AAAA", "H4sIAAAAAAAA/6uuBQBDv6ajAgAAAA==",
                       self.record_of({"steps": [1]}), self.record_of({"steps": [{"inputs": ["x"], "name": 5}]})):
            manifest["annotations"]["dev.mlbuild.build"] = record
            self.replace_manifest(manifest, "", b"")
            done = self.verify(f"oci:{self.layout}")
            self.assertNotIn(done.returncode, (0, 4, 70), record)
            self.assertNotIn("internal", done.err.lower(), record)

    def record_of(self, spec):
        import base64
        import gzip
        return base64.b64encode(gzip.compress(json.dumps({"version": 1, "spec": spec, "lock": {}, "app": False}).encode())).decode()


if __name__ == "__main__":
    raise SystemExit(main())
