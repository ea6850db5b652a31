"""Valid archives of every kind that tools write mean the same to us and to independent readers: Python's zipfile and
tarfile, and GNU tar. What we refuse, we refuse by a rule that is named here.

Archives are random; MLBUILD_SEED repeats a run, MLBUILD_ARCHIVES says how many of each format (default 150).
"""
import hashlib
import io
import json
import os
import pathlib
import random
import shutil
import subprocess
import tarfile
import tempfile
import unittest
import zipfile

SEED = int(os.environ.get("MLBUILD_SEED", random.randrange(1 << 32)))
COUNT = int(os.environ.get("MLBUILD_ARCHIVES", "150"))
LISTER = os.environ["LIST_ARCHIVES"]
WORDS = ["a", "lib", "python3.11", "numpy", "__init__.py", "ü", "日本", "with blank", "x" * 60, "n" * 99, "n" * 100, "d" * 155, "b" * 200]


def content(rng):
    size = rng.choice([0, 0, 1, 100, 511, 512, 513, 1024, rng.randrange(30_000)])
    return rng.randbytes(size) if rng.random() < 0.5 else bytes([rng.randrange(256)]) * size


def ours(format, paths):
    lines = subprocess.run([LISTER, format, *map(str, paths)], check=True, capture_output=True).stdout.splitlines()
    assert len(lines) == len(paths)
    return [json.loads(line) for line in lines]


def digest(data):
    return hashlib.sha256(data).hexdigest()


class Unseekable(io.RawIOBase):
    """Makes zipfile write data descriptors."""

    def __init__(self, out):
        self.out = out

    def writable(self):
        return True

    def write(self, data):
        return self.out.write(data)


class ZipFiles(unittest.TestCase):
    def make(self, rng, path):
        """Returns what is in the message when a rule refuses the archive, or None."""
        names, rule = set(), None
        is_stream = rng.random() < 0.3
        with open(path, "wb") as out:
            with zipfile.ZipFile(Unseekable(out) if is_stream else out, "w") as archive:
                for _ in range(rng.randrange(12)):
                    name = "/".join(rng.choice(WORDS) for _ in range(rng.randrange(1, 4)))
                    if name in names:
                        continue
                    names.add(name)
                    info = zipfile.ZipInfo(name, (rng.randrange(1980, 2100), 1, 2, 3, 4, 6))
                    info.compress_type = rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_DEFLATED])
                    info.external_attr = rng.choice([0, 0o100644 << 16, 0o100755 << 16])
                    info.create_system = rng.choice([0, 3])
                    if rng.random() < 0.2:
                        info.extra = b"UT\x05\x00\x03abcd"
                    if rng.random() < 0.2:
                        info.comment = rng.randbytes(20)
                    data = content(rng)
                    if is_stream and info.compress_type == zipfile.ZIP_STORED and data:
                        rule = "without a size in front"  # where the content ends, only the directory knows
                    with archive.open(info, "w", force_zip64=rng.random() < 0.3) as member:
                        member.write(data)
                if rng.random() < 0.3:
                    archive.mkdir(f"directory{len(names)}")
                if rng.random() < 0.3:
                    archive.comment = b"a comment"
        return rule

    def test_mean_what_python_reads(self):
        rng = random.Random(SEED)
        small_limit = {"ZIP64_LIMIT": 0, "ZIP_FILECOUNT_LIMIT": 0}
        with tempfile.TemporaryDirectory() as directory:
            paths, rules = [], []
            for number in range(COUNT):
                path = pathlib.Path(directory, f"{number}.zip")
                kept = {name: getattr(zipfile, name) for name in small_limit}
                if number % 5 == 0:  # zip64 records, however small the archive is
                    zipfile.ZIP_FILECOUNT_LIMIT = 0
                try:
                    rules.append(self.make(rng, path))
                finally:
                    for name, value in kept.items():
                        setattr(zipfile, name, value)
                paths.append(path)
            refused = 0
            for path, rule, told in zip(paths, rules, ours("zip", paths)):
                if rule:
                    refused += 1
                    self.assertIn(rule, told.get("refused", "accepted"), f"seed {SEED}, {path.name}")
                    continue
                with zipfile.ZipFile(path) as archive:
                    theirs = [{"name": info.filename, "size": info.file_size, "sha256": digest(archive.read(info))}
                              for info in archive.infolist()]
                self.assertEqual(told.get("entries", told), theirs, f"seed {SEED}, {path.name}")
            self.assertLess(refused, COUNT / 2)


def normalised(path):
    while path.startswith("./"):
        path = path[2:]
    path = path.rstrip("/")
    return "" if path == "." else path


def by_python(path):
    entries = []
    with tarfile.open(path, "r:") as archive:
        for info in archive:
            if not normalised(info.name):
                continue
            kind = {b"\0": "0"}.get(info.type, info.type.decode())
            data = archive.extractfile(info).read() if kind == "0" else b""
            entries.append({"name": normalised(info.name), "kind": kind, "mode": info.mode & 0o7777, "uid": info.uid, "gid": info.gid,
                            "mtime": int(info.mtime // 1), "link": normalised(info.linkname) if kind == "1" else info.linkname if kind == "2" else "",
                            "size": len(data), "sha256": digest(data)})
    return entries


def as_unpacked(entries):
    """What a list of entries leaves on a disk: hard links are files."""
    files = {}
    for entry in entries:
        if entry["kind"] == "1":
            files[entry["name"]] = files[entry["link"]]
        else:
            files[entry["name"]] = (entry["kind"], entry["link"], entry["sha256"] if entry["kind"] == "0" else "")
    return files


def by_gnu_tar(path, directory):
    target = pathlib.Path(directory, "unpacked")
    target.mkdir()
    subprocess.run(["tar", "--no-same-owner", "--no-same-permissions", "--delay-directory-restore", "-C", target, "-xf", path],
                   check=True, capture_output=True)
    files = {}
    for root, directories, names in os.walk(target):
        for name in directories + names:
            full = pathlib.Path(root, name)
            where = str(full.relative_to(target))
            if full.is_symlink():
                files[where] = ("2", os.readlink(full), "")
            elif full.is_dir():
                files[where] = ("5", "", "")
            else:
                files[where] = ("0", "", digest(full.read_bytes()))
    shutil.rmtree(target)
    return files


class TarFiles(unittest.TestCase):
    def entries(self, rng, format):
        """Headers with their contents; directories first, so that everything has its parents."""
        largest = 0o7777777 if format == tarfile.USTAR_FORMAT else (1 << 32) - 2
        prefix = rng.choice(["", "./"])
        base = "/".join(["top"] + [rng.choice(WORDS) for _ in range(rng.randrange(2))])
        parts, made = base.split("/"), []
        paths = ["/".join(parts[:i + 1]) for i in range(len(parts))]

        def entry(name, kind, mode):
            info = tarfile.TarInfo(prefix + name)
            info.type, info.mode = kind, mode
            info.uid, info.gid = rng.choice([0, 1000, rng.randrange(largest)]), rng.choice([0, 50, rng.randrange(largest)])
            info.mtime = rng.choice([0, 1, 1_700_000_000])
            return info

        for path in paths:
            made.append((entry(path, tarfile.DIRTYPE, 0o755), b""))
        files = []
        for number in range(rng.randrange(10)):
            name = f"{base}/{number}{rng.choice(WORDS)}"
            kind = rng.choice([tarfile.REGTYPE] * 4 + [tarfile.AREGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE])
            if kind == tarfile.LNKTYPE and not files:
                kind = tarfile.REGTYPE
            info = entry(name, kind, rng.choice([0o644, 0o755, 0o4755, 0o600]))
            if kind == tarfile.SYMTYPE:
                info.linkname = rng.choice(["target", "../../../outside", "/absolute", "t" * 101, "ü"])
            elif kind == tarfile.LNKTYPE:
                info.linkname = prefix + rng.choice(files)
            else:
                files.append(name)
            made.append((info, content(rng) if kind in (tarfile.REGTYPE, tarfile.AREGTYPE) else b""))
        return made

    def make(self, rng, path):
        format = rng.choice([tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
        while True:  # ustar cannot hold every name
            try:
                with tarfile.open(path, "w:", format=format, encoding="utf-8") as archive:
                    for info, data in self.entries(rng, format):
                        info.size = len(data)
                        if format == tarfile.PAX_FORMAT and rng.random() < 0.3:
                            info.pax_headers = {"comment": "ü" * rng.randrange(1, 300)}
                        archive.addfile(info, io.BytesIO(data))
                return
            except ValueError:
                continue

    def test_mean_what_python_and_gnu_tar_read(self):
        rng = random.Random(SEED + 1)
        with tempfile.TemporaryDirectory() as directory:
            paths = [pathlib.Path(directory, f"{number}.tar") for number in range(COUNT)]
            for path in paths:
                self.make(rng, path)
            for path, told, index in zip(paths, ours("tar", paths), ours("index", paths)):
                where = f"seed {SEED}, {path.name}"
                theirs = by_python(path)
                self.assertEqual(told.get("entries", told), theirs, where)
                self.assertEqual(as_unpacked(told["entries"]), by_gnu_tar(path, directory), where)
                short = [{key: entry[key] for key in ("name", "kind", "link", "size", "sha256")} for entry in theirs]
                self.assertEqual(index.get("entries", index), short, where)

    def test_what_gnu_tar_writes_is_read_as_it_reads_it(self):
        rng = random.Random(SEED + 2)
        with tempfile.TemporaryDirectory() as directory:
            source, paths, sparse = pathlib.Path(directory, "source"), [], []
            source.mkdir()
            for number in range(15):
                folder = source / f"d{rng.randrange(4)}" / rng.choice(["sub", "ü", "l" * 120])
                folder.mkdir(parents=True, exist_ok=True)
                (folder / f"f{number}").write_bytes(content(rng))
                if number % 4 == 0:
                    os.link(folder / f"f{number}", folder / f"h{number}")
                if number % 5 == 0:
                    (folder / f"s{number}").symlink_to("../" * 30 + "target")
            with open(source / "sparse", "wb") as file:
                file.seek(4 << 20)
                file.write(b"end")
            for format in ("v7", "ustar", "oldgnu", "gnu", "pax", "posix"):
                for options in ([], ["--sparse"], ["--sort=name", "--owner=0", "--numeric-owner"]):
                    path = pathlib.Path(directory, f"{format}{len(paths)}.tar")
                    made = subprocess.run(["tar", f"--format={format}", *options, "-C", source, "-cf", path, "."], capture_output=True)
                    if made.returncode == 0:  # v7 and ustar refuse long names
                        paths.append(path)
                        sparse.append("--sparse" in options and format not in ("v7", "ustar"))
            self.assertGreater(len(paths), 10)
            for path, is_sparse, told in zip(paths, sparse, ours("tar", paths)):
                if is_sparse:  # our rule: what a file's bytes are is in one place
                    self.assertRegex(told.get("refused", "accepted"), "sparse|type `S`|incremental", path.name)
                    continue
                self.assertEqual(as_unpacked(told.get("entries", told)), by_gnu_tar(path, directory), path.name)
                self.assertEqual(told["entries"], by_python(path), path.name)


if __name__ == "__main__":
    print(f"MLBUILD_SEED={SEED}", flush=True)
    unittest.main()
