"""Reads archives as Python does, for reader_agreement_test.cpp.

usage: python_listing.py zip|tar FILE

FILE holds archives, each behind its length (8 bytes, little endian). Prints one line for each: the listing that the test prints
too, or "refused".
"""
import hashlib
import io
import struct
import sys
import tarfile
import zipfile


def list_zip(data: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [(info.filename, archive.read(info)) for info in archive.infolist()]
    return "".join(f"{name}|{len(content)}|{hashlib.sha256(content).hexdigest()};" for name, content in members)


def normalised(path: str) -> str:
    while path.startswith("./"):
        path = path[2:].lstrip("/")
    path = path.rstrip("/")
    return "" if path == "." else path


def list_tar(data: bytes) -> str:
    listing = ""
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:", encoding="utf-8", errors="surrogateescape") as archive:
        for info in archive:
            path = normalised(info.name)
            if not path:
                continue
            kind = "0" if info.isreg() else info.type.decode("latin-1")
            content = archive.extractfile(info).read() if info.isreg() else b""
            link = normalised(info.linkname) if kind == "1" else info.linkname if kind == "2" else ""
            digest = hashlib.sha256(content).hexdigest()
            listing += f"{path}|{kind}|{info.mode & 0o7777:o}|{info.uid}|{info.gid}|{link}|{len(content)}|{digest};"
    return listing


def main() -> None:
    read = {"zip": list_zip, "tar": list_tar}[sys.argv[1]]
    sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")
    with open(sys.argv[2], "rb") as archives:
        while length := archives.read(8):
            data = archives.read(struct.unpack("<Q", length)[0])
            try:
                print(read(data).replace("\n", "?").replace("\r", "?"))
            except Exception:  # whatever a damaged archive makes Python throw
                print("refused")


main()
