"""What a power cut may leave of the changes that a program made, by the calls it made.

The model is the one that POSIX gives and that journaling file systems come close to: the bytes of a file are safe after fsync of
the file (or syncfs), a name after fsync of its directory. Until then each may be on disk or not, in any order. Of all the
mixtures these are looked at: every name is there but unsynced files are empty, or have half of their bytes; unsynced names are gone
from one directory while those of the others are there; and from all."""

import dataclasses
import os
import pathlib
import shutil
from collections.abc import Callable

WRITES = ("write", "pwrite64", "writev", "ftruncate", "fallocate", "copy_file_range", "sendfile")


@dataclasses.dataclass
class Cut:
    name: str
    apply: Callable[[pathlib.Path], None]


class Disk:
    """What is not safe, below `root`. Paths are relative to it."""

    def __init__(self, root):
        self._root = os.path.normpath(root)
        self.dirty = set()  # files with bytes that were not synced
        self._renamed = set()
        self.names = {}     # unsynced names of files and directories -> did they replace what was there

    def _relative(self, path):
        path = os.path.normpath(path)
        if path == self._root:
            return ""
        return path[len(self._root) + 1:] if path.startswith(self._root + "/") else None

    def replay(self, calls):
        for result, call, files in calls:
            paths = [self._relative(path) for path in files]
            if result < 0 or None in paths or not paths:
                continue
            self._one(call, paths)

    def _one(self, call, paths):
        path = paths[-1]
        if call in WRITES:
            self.dirty.add(path)
        elif call in ("fsync", "fdatasync"):
            self._sync(path)
        elif call == "syncfs":
            self.dirty.clear()
            self.names.clear()
        elif call in ("openat", "mkdir", "mkdirat", "symlink", "symlinkat"):
            self.names.setdefault(path, False)
        elif call in ("link", "linkat"):
            self.names[path] = False
        elif call in ("unlink", "unlinkat", "rmdir"):
            self.dirty.discard(path)
            self.names.pop(path, None)
        elif call in ("rename", "renameat", "renameat2"):
            self._rename(*paths)

    def _sync(self, path):
        self.dirty.discard(path)
        for name in [name for name in self.names if os.path.dirname(name) == path]:
            del self.names[name]

    def _rename(self, old, new):
        self.names.pop(old, None)
        for name in [name for name in self.names if name.startswith(old + "/")]:
            self.names[new + name[len(old):]] = self.names.pop(name)
        self.dirty = {new + name[len(old):] if name == old or name.startswith(old + "/") else name for name in self.dirty}
        self.names[new] = new in self._renamed
        self._renamed.add(new)


def _cut_files(dirty, keep):
    def apply(place):
        for name in dirty:
            path = place / name
            if path.is_file() and not path.is_symlink():
                path.chmod(0o644)
                os.truncate(path, int(path.stat().st_size * keep))
                path.chmod(0o444)
    return apply


def _lose_names(names):
    def apply(place):
        for name in names:
            path = place / name
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
    return apply


def power_cuts(calls, root):
    disk = Disk(root)
    disk.replay(calls)
    dirty = sorted(name for name in disk.dirty if not name.startswith("tmp/"))
    # A name that replaced another comes back as what it was before, of which we have no copy; an earlier cut has that state.
    names = sorted(name for name, replaced in disk.names.items() if not replaced and not name.startswith("tmp/"))
    cuts = [Cut("unsynced files are empty", _cut_files(dirty, 0)), Cut("unsynced files are cut", _cut_files(dirty, 0.5))] if dirty else []
    if names:
        cuts.append(Cut("all unsynced names are lost", _lose_names(names)))
    folders = sorted({os.path.dirname(name) for name in names})
    if len(folders) > 1:
        for folder in folders:
            cuts.append(Cut(f"unsynced names in `{folder}` are lost", _lose_names([name for name in names if os.path.dirname(name) == folder])))
    return cuts
