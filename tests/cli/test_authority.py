"""A certificate authority of the test's own, by the openssl program, and RS256 tokens signed with its key."""

import base64
import json
import subprocess
import time


def _base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Authority:
    """`certificate` and `key` are a server's for loopback and for `names`; `bundle` is what clients shall trust."""

    def __init__(self, directory, names=()):
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self.bundle, self.certificate, self.key = (directory / name for name in ("ca.crt", "server.crt", "server.key"))
        self._openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", directory / "ca.key", "-out", self.bundle, "-days", "2",
                      "-subj", "/CN=mlbuild test authority")
        self._openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", self.key, "-out", directory / "server.csr", "-subj", "/CN=server")
        alternatives = ["IP:127.0.0.1", *(f"DNS:{name}" for name in ("localhost", *names))]
        (directory / "extensions").write_text("subjectAltName=" + ",".join(alternatives) + "\nextendedKeyUsage=serverAuth\n")
        self._openssl("x509", "-req", "-in", directory / "server.csr", "-CA", self.bundle, "-CAkey", directory / "ca.key", "-CAcreateserial",
                      "-out", self.certificate, "-days", "2", "-extfile", directory / "extensions")

    def _openssl(self, *args, **kwargs):
        return subprocess.run(["openssl", *map(str, args)], capture_output=True, check=True, timeout=60, **kwargs).stdout

    def token(self, claims):
        """A JWT (RFC 7519) that carries the authority's certificate: a registry verifies it against `bundle`."""
        lines = self.bundle.read_text().splitlines()
        chain = ["".join(lines[1:-1])]
        parts = [_base64url(json.dumps(part).encode()) for part in ({"typ": "JWT", "alg": "RS256", "x5c": chain}, claims)]
        signature = self._openssl("dgst", "-sha256", "-sign", self._directory / "ca.key", input=".".join(parts).encode())
        return ".".join([*parts, _base64url(signature)])

    def access_token(self, issuer, service, user, access, seconds=300):
        now = int(time.time())
        return self.token({"iss": issuer, "aud": service, "sub": user, "iat": now, "nbf": now - 10, "exp": now + seconds, "jti": str(time.time_ns()),
                           "access": access})
