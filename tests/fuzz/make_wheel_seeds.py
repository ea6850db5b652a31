#!/usr/bin/env python3
"""Writes the seeds of fuzz_wheel into corpus/wheel/. Run again, it writes the same bytes."""
import base64
import hashlib
import io
import pathlib
import zipfile

CORPUS = pathlib.Path(__file__).parent / "corpus" / "wheel"
INFO = "toy-1.0.dist-info/"
METADATA = b"Metadata-Version: 2.1\nName: toy\nVersion: 1.0\nRequires-Python: >=3.8\n"
WHEEL = b"Wheel-Version: 1.0\nGenerator: seed\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def row(name: str, content: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(content)}\n"


def wheel(files: dict, method: int) -> bytes:
    files = {**files, INFO + "METADATA": METADATA, INFO + "WHEEL": WHEEL}
    record = "".join(row(name, content) for name, content in files.items()) + f"{INFO}RECORD,,\n"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in {**files, INFO + "RECORD": record.encode()}.items():
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.external_attr = 0o100644 << 16
            archive.writestr(info, content, method)
    return out.getvalue()


SEEDS = {
    "plain": ({"toy.py": b"answer = 42\n" * 20, "toy_data/empty": b""}, zipfile.ZIP_DEFLATED),
    "stored": ({"toy.py": b"answer = 42\n"}, zipfile.ZIP_STORED),
    "schemes": ({"toy-1.0.data/scripts/run": b"#!python -O\nprint(1)\n", "toy-1.0.data/data/share/x": b"x",
                 "toy-1.0.data/headers/toy.h": b"int x;\n", "toy-1.0.data/platlib/toy.so": b"\x7fELF"}, zipfile.ZIP_DEFLATED),
    "entry_points": ({INFO + "entry_points.txt": b"[console_scripts]\nrun = toy.cli:main\n[gui_scripts]\nshow = toy:show\n"},
                     zipfile.ZIP_DEFLATED),
}

if __name__ == "__main__":
    CORPUS.mkdir(parents=True, exist_ok=True)
    for name, (files, method) in SEEDS.items():
        (CORPUS / f"{name}.whl").write_bytes(wheel(files, method))
