"""A reverse proxy that serves another server below a path, and nothing beside it."""

from __future__ import annotations

import http.client
import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

HOP = ("connection", "transfer-encoding", "keep-alive", "content-length")


@contextmanager
def proxied(server: str, root: str, *, strips: bool, says: str | None = None) -> Iterator[str]:
    """The address below which it answers. strips: hands on what is behind the root, not the whole path. says: what it
    sends as X-Forwarded-Prefix."""
    behind = urlsplit(server).netloc

    class Proxy(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.0"

        def hand_on(self) -> None:
            if self.path != root and not self.path.startswith(f"{root}/"):
                self.send_error(404, "nothing beside the path")
                return
            length = int(self.headers.get("Content-Length") or 0)
            headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP}
            headers |= {} if says is None else {"X-Forwarded-Prefix": says}
            asked = http.client.HTTPConnection(behind, timeout=60)
            path = self.path.removeprefix(root) or "/" if strips else self.path
            asked.request(self.command, path, self.rfile.read(length) if length else None, headers)
            answer = asked.getresponse()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in HOP:
                    self.send_header(name, value)
            self.end_headers()
            try:
                while piece := answer.read1(65536):
                    self.wfile.write(piece)
                    self.wfile.flush()
            except OSError:  # the asker has gone
                self.close_connection = True
            finally:
                asked.close()

        do_GET = do_POST = do_DELETE = hand_on  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    proxy = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    thread = threading.Thread(target=proxy.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{proxy.server_port}{root}"
    finally:
        proxy.shutdown()
        proxy.server_close()
        thread.join(10)
