#!/usr/bin/env python3
"""Writes the seeds of the Debian fuzz targets into corpus/<format>/. Run again, it writes the same bytes."""
import gzip
import io
import lzma
import pathlib
import tarfile

CORPUS = pathlib.Path(__file__).parent / "corpus"
SCRIPTS = {
    "helper": "set -e\ndpkg-maintscript-helper rm_conffile /etc/x 1.0~ -- \"$@\"\n",
    "case": "case \"$1\" in\n  configure|abort-*)\n    ldconfig || true\n    ;;\n  *)\n    exit 1\n    ;;\nesac\n",
    "alternative": "if [ \"$1\" = configure ] && [ -z \"$2\" ]; then\n  update-alternatives --install /usr/bin/a a /usr/bin/b 5\nfi\n",
    "function": "f() {\n  x=${1:-y}; local z=\"$(uname -s)\"\n  for i in a b; do echo \"$i\" >/dev/null; done\n}\nf `id -u` | grep x && ! true\n",
    "heredoc": "cat <<-'EOF'\n\ttext $(x)\n\tEOF\nwhile read line; do :; done < /etc/passwd\n",
    "versions": "if dpkg --compare-versions \"$2\" lt-nl 1.0; then mv /a /b; fi\nsed -n -e 's/a/b/p' /etc/x 2>/dev/null\n",
}


def write(kind: str, name: str, data: bytes) -> None:
    folder = CORPUS / kind
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def tar_of(files: dict) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name, content in files.items():
            info = tarfile.TarInfo("./" + name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


def ar_of(members: dict) -> bytes:
    out = b"!<arch>\n"
    for name, content in members.items():
        out += f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n".encode() + content + b"\n" * (len(content) % 2)
    return out


def stanza(name: str, more: str) -> str:
    return (f"Package: {name}\nVersion: 1:1.0~rc1-2+b1\nArchitecture: amd64\n{more}Filename: pool/{name}.deb\nSize: 10\n"
            f"SHA256: {'ab' * 32}\n\n")


def main() -> None:
    for name, body in SCRIPTS.items():
        write("script", name, body.encode())
    control = b"Package: toy\nVersion: 1.0-1\nArchitecture: all\nDepends: a (>= 1) | b:any, c\nDescription: x\n long\n .\n"
    write("control", "control", control)
    write("control", "two", control + b"\n# comment\nPackage: b\n")
    index = (stanza("a", "Depends: b | c, v (>= 1)\n") + stanza("b", "Conflicts: c\n") + stanza("c", "Provides: v (= 2)\n")
             + stanza("d", "Pre-Depends: v\nBreaks: a (<< 1)\nSource: a (1)\nEssential: yes\n"))
    write("packages", "four", index.encode())
    small_control = tar_of({"control": control, "postinst": b"#!/bin/sh\n" + SCRIPTS["case"].encode()})
    data = tar_of({"usr/share/doc/toy/copyright": b"free", "bin/toy": b"#!/bin/sh\n"})
    for name, suffix, pack in (("plain", "", bytes), ("gz", ".gz", lambda x: gzip.compress(x, mtime=0)), ("xz", ".xz", lzma.compress)):
        members = {"debian-binary": b"2.0\n", "control.tar" + suffix: pack(small_control), "data.tar" + suffix: pack(data)}
        write("deb", name + ".deb", ar_of(members))


if __name__ == "__main__":
    main()
