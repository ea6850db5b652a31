"""What the machine can do today, and what no builder can go below: the same bytes copied, hashed, inflated and sent over loopback, by
one thread."""

import hashlib
import os
import platform
import shutil
import socket
import subprocess
import threading
import time
import zlib

ZSTD_MAGIC = bytes.fromhex("28b52ffd")


def _timed(work):
    begin = time.monotonic()
    work()
    return round(time.monotonic() - begin, 3)


def calibration():
    """Seconds for SHA-256 of 256 MiB, inflating them, and copying them in memory."""
    data = bytes(1 << 22)
    packed = zlib.compress(os.urandom(1 << 20) * 4, 6)

    def hash_all():
        digest = hashlib.sha256()
        for _ in range(64):
            digest.update(data)

    def inflate_all():
        for _ in range(64):
            zlib.decompress(packed)

    def copy_all():
        for _ in range(64):
            bytearray(data)
    return {"sha256_256MiB_s": _timed(hash_all), "inflate_256MiB_s": _timed(inflate_all), "copy_256MiB_s": _timed(copy_all)}


def system():
    """The kernel and its version, without what is special to this machine."""
    return f"{platform.system()} {'.'.join(platform.release().split('.')[:2])}"


def machine():
    with open("/proc/cpuinfo") as info:
        models = {line.partition(":")[2].strip() for line in info if line.startswith("model name")}
    return {"processors": os.cpu_count(), "model": ", ".join(sorted(models)), "system": system(), "load": round(os.getloadavg()[0], 2)}


def _members(file, packed_hash):
    """What the members of a gzip file hold, piece by piece. Short reads: what is left of one is copied at each member's end."""
    inflater = zlib.decompressobj(31)
    with open(file, "rb") as source:
        while chunk := source.read(1 << 16):
            packed_hash.update(chunk)
            while chunk:
                yield inflater.decompress(chunk)
                chunk = inflater.unused_data
                if inflater.eof:
                    inflater = zlib.decompressobj(31)


def _frames(file, packed_hash):
    """The same for zstd, by its own program."""
    with open(file, "rb") as source:
        while chunk := source.read(1 << 16):
            packed_hash.update(chunk)
    with subprocess.Popen(["zstd", "-dcq", file], stdout=subprocess.PIPE) as program:
        while chunk := program.stdout.read(1 << 20):
            yield chunk


def _is_zstd(file):
    with open(file, "rb") as source:
        return source.read(4) == ZSTD_MAGIC


def _inflate_and_hash(files):
    plain_bytes = 0
    for file in files:
        packed_hash, plain_hash = hashlib.sha256(), hashlib.sha256()
        for plain in (_frames if _is_zstd(file) else _members)(file, packed_hash):
            plain_hash.update(plain)
            plain_bytes += len(plain)
    return plain_bytes


def _send(files):
    listener = socket.create_server(("127.0.0.1", 0))

    def receive():
        connection = listener.accept()[0]
        buffer = bytearray(1 << 20)
        while connection.recv_into(buffer):
            pass
    reader = threading.Thread(target=receive)
    reader.start()
    with socket.create_connection(listener.getsockname()) as connection:
        for file in files:
            with open(file, "rb") as content:
                connection.sendfile(content)
    reader.join()
    listener.close()


def floor(layers, folder):
    """Of the files of an image's layers."""
    found = {}
    found["inflate_and_sha256_s"] = _timed(lambda: found.update(plain_bytes=_inflate_and_hash(layers)))
    target = folder / "copy"
    found["copy_s"] = _timed(lambda: [shutil.copyfile(layer, target) for layer in layers])
    target.unlink()
    found["loopback_s"] = _timed(lambda: _send(layers))
    return found
