#!/usr/bin/env python3
"""Writes the seeds of the archive and compression fuzz targets into corpus/<format>/. Run again, it writes the same bytes."""
import gzip
import io
import lzma
import pathlib
import subprocess
import tarfile
import zipfile
import zlib

CORPUS = pathlib.Path(__file__).parent / "corpus"
TEXT = b"the quick brown fox jumps over the lazy dog, " * 8


def write(kind: str, name: str, data: bytes) -> None:
    folder = CORPUS / kind
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


class Unseekable(io.RawIOBase):
    """Makes zipfile write data descriptors."""

    def __init__(self) -> None:
        self.data = b""

    def writable(self) -> bool:
        return True

    def write(self, data) -> int:
        self.data += bytes(data)
        return len(data)


def zip_info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    info.external_attr = 0o100644 << 16
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


def make_zips() -> None:
    plain = io.BytesIO()
    with zipfile.ZipFile(plain, "w") as archive:
        archive.writestr(zip_info("package/__init__.py"), TEXT)
        archive.writestr(zip_info("package/f\u00fcr.txt"), b"")
        archive.writestr(zip_info("package-1.dist-info/RECORD"), b"x,,\n", zipfile.ZIP_STORED)
        archive.comment = b"a comment"
    write("zip", "plain.zip", plain.getvalue())
    stream = Unseekable()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(zip_info("streamed"), TEXT)
    write("zip", "descriptor.zip", stream.data)
    large = io.BytesIO()
    with zipfile.ZipFile(large, "w") as archive:
        with archive.open(zip_info("zip64"), "w", force_zip64=True) as member:
            member.write(TEXT)
    write("zip", "zip64.zip", large.getvalue())
    empty = io.BytesIO()
    zipfile.ZipFile(empty, "w").close()
    write("zip", "empty.zip", empty.getvalue())


def make_tars() -> None:
    formats = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}
    for name, kind in formats.items():
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=kind) as archive:
            def add(path: str, entry_type: bytes = tarfile.REGTYPE, content: bytes = b"", link: str = "") -> None:
                info = tarfile.TarInfo(path)
                info.type, info.size, info.linkname = entry_type, len(content), link
                archive.addfile(info, io.BytesIO(content))

            add("./", tarfile.DIRTYPE)
            add("./usr", tarfile.DIRTYPE)
            add("./usr/file", content=TEXT)
            add("./usr/link", tarfile.SYMTYPE, link="../usr/file")
            add("./usr/hard", tarfile.LNKTYPE, link="./usr/file")
            if name != "ustar":
                add("long/" + "n" * 200, content=b"x")
                add("f\u00fcr", tarfile.SYMTYPE, link="l" * 150)
        data = buffer.getvalue().rstrip(b"\0")
        data += bytes(-len(data) % 512 + 1024)
        write("tar", name + ".tar", data)


def ar_member(name: str, content: bytes) -> bytes:
    header = f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n".encode()
    return header + content + b"\n" * (len(content) % 2)


def make_ars() -> None:
    members = [("debian-binary", b"2.0\n"), ("control.tar.xz", b"odd"), ("data.tar.xz/", b"even")]
    write("ar", "deb.ar", b"!<arch>\n" + b"".join(ar_member(*member) for member in members))
    write("ar", "empty.ar", b"!<arch>\n")


def make_compressed() -> None:
    member = gzip.compress(TEXT, mtime=0)
    write("gzip", "one.gz", member)
    write("gzip", "two.gz", member + gzip.compress(b"", mtime=0))
    write("gzip", "named.gz", b"\x1f\x8b\x08\x18\0\0\0\0\0\xffname\0comment\0" + member[10:])
    write("gzip", "text.xz", lzma.compress(TEXT))
    zstd = subprocess.run(["zstd", "-c", "--check"], input=TEXT, capture_output=True, check=True).stdout
    write("gzip", "text.zst", zstd)


def make_deflate() -> None:
    variants = {
        "dynamic": (9, zlib.Z_DEFAULT_STRATEGY),
        "fixed": (9, zlib.Z_FIXED),
        "huffman": (9, zlib.Z_HUFFMAN_ONLY),
        "stored": (0, zlib.Z_DEFAULT_STRATEGY),
    }
    varied = bytes((i * i * 7 + i // 5) % 251 for i in range(900)) + TEXT
    for name, (level, strategy) in variants.items():
        encoder = zlib.compressobj(level, zlib.DEFLATED, -15, 9, strategy)
        write("inflate", name, encoder.compress(varied) + encoder.flush() + b"trailing")
    encoder = zlib.compressobj(9, zlib.DEFLATED, -15)
    blocks = encoder.compress(TEXT) + encoder.flush(zlib.Z_FULL_FLUSH) + encoder.compress(varied) + encoder.flush()
    write("inflate", "blocks", blocks)


if __name__ == "__main__":
    make_zips()
    make_tars()
    make_ars()
    make_compressed()
    make_deflate()
