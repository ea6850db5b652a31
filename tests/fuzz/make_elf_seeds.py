#!/usr/bin/env python3
"""Writes the seeds of the fuzz target elf into corpus/elf/: small shared objects and programs that no linker made, so
that every field is known. tests/elf reads them, too. Run again, it writes the same bytes."""
import pathlib
import struct

FOLDER = pathlib.Path(__file__).parent / "corpus/elf"
BASE = 0x10000  # where everything is loaded, so that addresses differ from offsets


class Names:
    """A string table."""

    def __init__(self):
        self.bytes = b"\0"

    def add(self, name):
        at = len(self.bytes)
        self.bytes += name.encode() + b"\0"
        return at


def fat_binary(order):
    """Machine code for 8.0 and PTX for 9.0; its own numbers are little endian."""
    entries = b"".join(struct.pack("<HHIQIIHHIII", kind, 0x101, 64, 16, 0, 0, 0, 0, capability, 0, 0).ljust(64, b"\0") +
                       bytes(16) for kind, capability in ((2, 80), (1, 90)))
    return struct.pack("<IHHQ", 0xBA55ED50, 1, 16, len(entries)) + entries


def elf(bits=64, order="<", machine=62, kind=3, needed=(), soname=None, rpath=None, runpath=None, interpreter=None,
        needs=(), versions=(), symbols=(), gpu=False, names_at_end=False):
    wide = "Q" if bits == 64 else "I"
    names = Names()
    dynamic = [(1, names.add(name)) for name in needed]
    for tag, name in ((14, soname), (15, rpath), (29, runpath)):
        if name is not None:
            dynamic.append((tag, names.add(name)))
    for symbol in symbols:
        names.add(symbol)
    need_bytes = b""
    for i, (file, wanted) in enumerate(needs):
        last = i == len(needs) - 1
        need_bytes += struct.pack(order + "HHIII", 1, len(wanted), names.add(file), 16, 0 if last else 16 + 16 * len(wanted))
        for k, version in enumerate(wanted):
            weak = version.startswith("?")
            need_bytes += struct.pack(order + "IHHII", 0, 2 if weak else 0, 2 + k, names.add(version.lstrip("?")),
                                      0 if k == len(wanted) - 1 else 16)
    definition_bytes = b""
    for i, version in enumerate(versions):
        definition_bytes += struct.pack(order + "HHHHIII", 1, 1 if i == 0 else 0, i + 1, 1, 0, 20,
                                        0 if i == len(versions) - 1 else 28)
        definition_bytes += struct.pack(order + "II", names.add(version), 0)

    header_bytes, segment_bytes = (64, 56) if bits == 64 else (52, 32)
    count = 3 if interpreter else 2
    parts, at = {}, header_bytes + count * segment_bytes

    def place(name, content):
        nonlocal at
        at = (at + 7) // 8 * 8
        parts[name] = (at, content)
        at += len(content)

    if not names_at_end:
        place("names", names.bytes)
    place("needs", need_bytes)
    place("definitions", definition_bytes)
    if interpreter:
        place("interpreter", interpreter.encode() + b"\0")
    if gpu:
        place("gpu", fat_binary(order))
    dynamic_count = len(dynamic) + 2 + (2 if needs else 0) + (2 if versions else 0) + 1
    place("dynamic", bytes(dynamic_count * 2 * bits // 8))
    if names_at_end:
        place("names", names.bytes)
    dynamic += [(5, BASE + parts["names"][0]), (10, len(names.bytes))]
    if needs:
        dynamic += [(0x6FFFFFFE, BASE + parts["needs"][0]), (0x6FFFFFFF, len(needs))]
    if versions:
        dynamic += [(0x6FFFFFFC, BASE + parts["definitions"][0]), (0x6FFFFFFD, len(versions))]
    dynamic.append((0, 0))
    parts["dynamic"] = (parts["dynamic"][0], b"".join(struct.pack(order + 2 * wide, *entry) for entry in dynamic))

    segments = [(1, 0, at), (2, parts["dynamic"][0], len(parts["dynamic"][1]))]
    if interpreter:
        segments.append((3, parts["interpreter"][0], len(parts["interpreter"][1])))
    out = bytearray(at)
    out[:16] = b"\x7fELF" + bytes([2 if bits == 64 else 1, 1 if order == "<" else 2, 1]) + bytes(9)
    out[16:header_bytes] = struct.pack(order + "HHI" + 3 * wide + "IHHHHHH", kind, machine, 1, 0, header_bytes, 0, 0,
                                       header_bytes, segment_bytes, count, 0, 0, 0)
    for i, (tag, offset, size) in enumerate(segments):
        place_at = header_bytes + i * segment_bytes
        if bits == 64:
            row = struct.pack(order + "IIQQQQQQ", tag, 4, offset, BASE + offset, BASE + offset, size, size, 8)
        else:
            row = struct.pack(order + "IIIIIIII", tag, offset, BASE + offset, BASE + offset, size, size, 4, 8)
        out[place_at:place_at + segment_bytes] = row
    for offset, content in parts.values():
        out[offset:offset + len(content)] = content
    return bytes(out)


LIBRARY = dict(needed=["libm.so.6", "libc.so.6"], soname="libone.so.1", rpath="$ORIGIN/../one.libs", runpath="$ORIGIN",
               needs=[("libm.so.6", ["GLIBC_2.29"]), ("libc.so.6", ["GLIBC_2.2.5", "?GLIBC_2.38"])],
               versions=["libone.so.1", "ONE_1.0", "ONE_1.1"], symbols=["PyInit_one", "noPyInit_two", "PyInit_"])
SEEDS = {
    "library64": elf(**LIBRARY),
    "library64_names_last": elf(**LIBRARY, names_at_end=True),
    "library64_big_endian": elf(order=">", machine=22, **LIBRARY),
    "library32": elf(bits=32, machine=3, **LIBRARY),
    "library32_big_endian": elf(bits=32, order=">", machine=20, **LIBRARY),
    "program64": elf(kind=2, needed=["libc.so.6"], interpreter="/lib64/ld-linux-x86-64.so.2"),
    "gpu": elf(needed=["libcuda.so.1"], gpu=True),
    "object_file": elf(kind=1),
}


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, content in SEEDS.items():
        (FOLDER / name).write_bytes(content)
    (FOLDER / "cut").write_bytes(SEEDS["library64"][:300])


if __name__ == "__main__":
    main()
