#!/usr/bin/env python3
"""Writes the seeds of the fuzz target layer_scan into corpus/layer_scan/. Run again, it writes the same bytes."""
import gzip
import io
import json
import pathlib
import tarfile

FOLDER = pathlib.Path(__file__).parent / "corpus/layer_scan"
INFO = "usr/local/lib/python3.11/site-packages/one-1.0.dist-info/"
FILES = {
    "usr/local/lib/python3.11/site-packages/one/__init__.py": "x = 1\n",
    INFO + "METADATA": "Metadata-Version: 2.1\nName: one\nVersion: 1.0\n\n",
    INFO + "RECORD": "one/__init__.py,sha256=abc,6\none-1.0.dist-info/RECORD,,\n../../../bin/one,,\n",
    "var/lib/dpkg/status": "Package: libone\nStatus: install ok installed\nVersion: 1-1\n\n",
    "var/lib/dpkg/info/libone:amd64.list": "/.\n/usr/lib/libone.so\n",
    "var/lib/dpkg/status.d/libtwo": "Package: libtwo\nVersion: 2-1\n",
    "var/lib/dpkg/status.d/libtwo.md5sums": "0123  usr/lib/libtwo.so\n",
    "usr/lib/.wh.libone.so": "",
    "usr/share/doc/.wh..wh..opq": "",
}


def main():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, text in FILES.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text.encode()))
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "packages.tar").write_bytes(out.getvalue())
    (FOLDER / "packages.tar.gz").write_bytes(gzip.compress(out.getvalue(), mtime=0))
    library = {"bits": 64, "machine": 62, "type": 3, "soname": "libone.so.1", "needed": ["libc.so.6"], "runpath": "$ORIGIN",
               "version_needs": [["libc.so.6", "GLIBC_2.34", False]], "versions": ["ONE_1"], "gpu_code": ["sm_80"]}
    scan = {"objects": {"usr/lib/libone.so": library}, "broken_objects": {"a.so": "cut"}, "links": {"lib": "usr/lib"},
            "python_loads": {"a.py": {"names": ["libone.so"], "calls": True}}, "entries": [[name, 0, len(text), 1, 0] for name, text in FILES.items()], "plain_size": 10240,
            "texts": {name: text for name, text in FILES.items() if "/dpkg/" in name or name.startswith(INFO)}}
    (FOLDER / "scan.json").write_text(json.dumps(scan))


main()
