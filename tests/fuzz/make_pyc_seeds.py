#!/usr/bin/env python3
"""Writes the seeds of fuzz_marshal into corpus/marshal/: bytecode files of CPython 3.9, 3.11 and 3.13, put together by hand, so
that any Python makes them. Run again, it writes the same bytes."""
import pathlib
import struct

CORPUS = pathlib.Path(__file__).parent / "corpus" / "marshal"
REF = 0x80


def number(value):
    return struct.pack("<I", value)


def text(value, kind=b"z", flag=0):
    return bytes([kind[0] | flag, len(value)]) + value


def raw(value):
    return b"s" + number(len(value)) + value


def many(*items, kind=b")"):
    return kind + (bytes([len(items)]) if kind == b")" else number(len(items))) + b"".join(items)


def code(version, consts, names=many()):
    name = text(b"<module>")
    if version >= (3, 11):
        return (b"\xe3" + number(0) * 3 + number(2) + number(64) + raw(b"\x97\0") + consts + names + many() + raw(b"") + text(b"/a.py")
                + name + name + number(1) + raw(b"\x80\0") + raw(b""))
    return (b"\xe3" + number(0) * 4 + number(2) + number(64) + raw(b"d\0S\0") + consts + names + many() * 3 + text(b"/a.py") + name
            + number(1) + raw(b""))


def pyc(magic, body):
    return struct.pack("<H", magic) + b"\r\n" + number(1) + b"12345678" + body


def constants(inner):
    return many(b"N", b"T", b"F", b".", b"i" + number(7), b"l" + number(3) + b"\1\0\2\0\3\0", b"g" + struct.pack("<d", 0.5),
                b"y" + struct.pack("<dd", 1, -1), raw(b"bytes"), text(b"same", flag=REF), b"r" + number(1), text(b"same", b"Z"),
                b"u" + number(2) + "ä".encode(), many(text(b"b"), text(b"a"), kind=b">"), many(b"N", b"N", kind=b"("), inner)


SEEDS = {}
for magic, version in ((3425, (3, 9)), (3495, (3, 11)), (3571, (3, 13))):
    inner = code(version, many(b"N"))
    SEEDS["constants-%d%d" % version] = pyc(magic, code(version, constants(inner), many(text(b"print", b"Z"), text(b"os.path", b"Z"))))
SEEDS["deep"] = pyc(3495, code((3, 11), many(b")\1" * 3000 + b"N")))
SEEDS["itself"] = pyc(3495, code((3, 11), many(b"r" + number(0))))
SEEDS["long"] = pyc(3495, code((3, 11), b"(\xff\xff\xff\x7f"))

if __name__ == "__main__":
    CORPUS.mkdir(parents=True, exist_ok=True)
    for name, seed in SEEDS.items():
        (CORPUS / f"{name}.pyc").write_bytes(seed)
