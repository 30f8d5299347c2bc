"""A small HTTP server on loopback that can cut, change and refuse what it sends."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Site:
    """Files by path, and how they are served.

    Attributes:
        files: Contents by path.
        cut: Bytes after which an answer is cut, by path, for the first so many requests.
        ranges: Whether Range is honoured.
        tags: ETag by path; a change means another file.
        requests: What was asked for: path and the Range header.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.cut: dict[str, list[int]] = {}
        self.status: dict[str, int] = {}
        self.types: dict[str, str] = {}
        self.ranges = True
        self.tags: dict[str, str] = {}
        self.requests: list[tuple[str, str | None]] = []
        self.delay = threading.Event()
        self.delay.set()
        self.url = ""


@contextmanager
def serve():
    """Give a Site that is being served at ``site.url``."""
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers.get("Range")
            site.requests.append((self.path, asked))
            site.delay.wait(10)
            if self.path in site.status:
                return self.send_error(site.status[self.path])
            if self.path not in site.files:
                return self.send_error(404)
            body, tag = site.files[self.path], site.tags.get(self.path, '"one"')
            start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
            partial = asked and site.ranges and self.headers.get("If-Range") == tag
            if partial and start >= len(body):
                return self.send_error(416)
            start = start if partial else 0
            self.send_response(206 if partial else 200)
            if partial:
                self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
            self.send_header("Content-Length", str(len(body) - start))
            self.send_header("Content-Type", site.types.get(self.path, "application/octet-stream"))
            self.send_header("ETag", tag)
            self.end_headers()
            cuts = site.cut.get(self.path, [])
            self.wfile.write(body[start : start + cuts.pop(0)] if cuts else body[start:])

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        site.delay.set()
        server.shutdown()
        server.server_close()
