"""Servers of the tests' own on loopback: threads, HTTP/1.1, TLS when an Authority is given."""

import contextlib
import http.server
import ssl
import threading


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A client that goes away, or that speaks http where TLS is spoken, is no news."""


class LoopbackServer:
    """A context manager. `handler`: a class made of Handler, which finds this object as `self.owner`."""

    def __init__(self, handler, authority=None):
        self._server = _Server(("127.0.0.1", 0), type("Bound", (handler,), {"owner": self}))
        self.host = f"localhost:{self._server.server_port}"
        self.scheme = "https" if authority else "http"
        if authority:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(authority.certificate, authority.key)
            # The handshake is the connection's own thread's.
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        """The owner keeps the log that tests want to see."""

    def handle(self):
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            super().handle()

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
