"""What is built: an example spec, made ready for both sides."""

import json
import pathlib
import re
import shutil
import subprocess

from peers import dockerfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
# The spec, and the pin that is bumped: file, what to look for, what to put instead.
CASES = {"sklearn": ("sklearn-train", "requirements.txt", r"pandera==0\.19\.2", "pandera==0.19.3"),
         "torch": ("torch-cuda", "mlbuild.yaml", r"( +)- transformers==4\.41\.2", r"\g<0>\n\1- idna==3.10"),
         "minimal": ("minimal", "mlbuild.yaml", r"tomli==2\.0\.1", "tomli==2.0.2")}
BASE = """version: 1
name: bench-base
base: {{flavor: slim}}
requirements: {{runtime: [pip==24.0]}}
python: {{bytecode: {bytecode}}}
system: {{runtime: [{system}]}}
config: {{user: "0:0"}}
"""


def without_bytecode(text):
    """The spec with `python.bytecode` off."""
    line = "  bytecode: false\n"
    return text.replace("\npython:\n", "\npython:\n" + line) if "\npython:\n" in text else text + "\npython:\n" + line


def without_block(text, key):
    """The spec without a top-level key and what is indented below it."""
    return re.sub(rf"(?m)^{key}:.*\n(?:[ \t]+.*\n)*", "", text)


class Case:
    """Below `folder`: `spec` and `bumped` for mlbuild, `context` and `context-bumped` for the others, `base` for their base image."""

    def __init__(self, name, folder, setting, store):
        self._setting, self._store = setting, store
        self.folder = folder
        directory, file, old, new = CASES[name]
        spec = self.folder / "spec"
        shutil.copytree(ROOT / "specs" / directory, spec)
        self._settle(spec)
        bumped = shutil.copytree(spec, self.folder / "bumped")
        changed = re.sub(old, new, (bumped / file).read_text())
        assert changed != (bumped / file).read_text(), f"{file} has no {old}"
        (bumped / file).write_text(changed)
        self._lock(spec)
        shutil.copy(spec / "mlbuild.lock", bumped / "mlbuild.lock")
        self._lock(bumped)
        base = self.folder / "base"
        base.mkdir()
        system = [package["name"] for package in self.image(spec)["system"]["runtime"] if package["because"] == "wanted"]
        (base / "mlbuild.yaml").write_text(BASE.format(system=", ".join(system), bytecode=str(setting.bytecode).lower()))
        self._lock(base)

    def _settle(self, spec):
        """An application in every case, and bytecode as asked for."""
        text = (spec / "mlbuild.yaml").read_text()
        text = text.replace("flavor: distroless", "flavor: slim")  # RUN wants a shell
        if "\napp:" not in text:
            (spec / "pipeline").mkdir()
            (spec / "pipeline/main.py").write_text("print('hello')\n")
            text += "\napp: [{from: pipeline/, to: /app/pipeline}]\n"
        if not self._setting.bytecode:
            text = without_bytecode(text)
        (spec / "mlbuild.yaml").write_text(text)

    def _lock(self, spec):
        self._mlbuild("lock", spec / "mlbuild.yaml")
        self._mlbuild("build", "--locked", spec / "mlbuild.yaml")  # so that the store has every package

    def _mlbuild(self, *words):
        subprocess.run([self._setting.mlbuild, "--store", self._store, "--quiet", *words], check=True, stdout=subprocess.DEVNULL)

    @staticmethod
    def image(spec):
        return json.loads((spec / "mlbuild.lock").read_text())["images"][0]

    def locks(self):
        return [self.folder / name / "mlbuild.lock" for name in ("spec", "bumped", "base")]

    def push_base(self, registry):
        name = f"{registry}/bench/base:1"
        self._mlbuild("build", "--locked", self.folder / "base/mlbuild.yaml", "--push", "-t", name)
        return name

    def work_copy(self, folder, builder, base):
        """Directories that a round may change: the context, and the one with the bumped pin."""
        shutil.rmtree(folder, ignore_errors=True)
        for name in ("spec", "bumped"):
            builder.prepare(self, shutil.copytree(self.folder / name, folder / name), base)
        return folder / "spec", folder / "bumped"

    def put_on_base(self, place, base):
        """The spec in `place`, with what the base brings left out, and locked again: the pins stay."""
        spec = place / "mlbuild.yaml"
        text = without_block(without_block(spec.read_text(), "base"), "system")
        spec.write_text(f'{text}\nbase: {{image: "{base}"}}\n')
        self._mlbuild("lock", spec)

    def write_dockerfile(self, place, base):
        image = self.image(place)
        pins = [f"{file['name']}=={file['version']} --hash={file['sha256']}" for file in image["wheels"] + image["sdists"]]
        app = [(path.name + "/", f"/app/{path.name}/") for path in sorted(place.iterdir()) if path.is_dir()]
        app += [(path.name, "/app/") for path in sorted(place.glob("*.py"))]
        (place / "requirements.txt").write_text("\n".join(sorted(pins)) + "\n")
        (place / "Dockerfile").write_text(dockerfile(base, self._setting, app))
        for name in ("mlbuild.yaml", "mlbuild.lock", "requirements-dev.txt"):
            (place / name).unlink(missing_ok=True)


def edit_code(context, number):
    source = sorted(path for path in context.rglob("*.py"))[0]
    source.write_text(source.read_text() + f"\n# change {number}\n")
