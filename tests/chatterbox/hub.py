"""A hub of models on loopback: as much of the real one's HTTP as `huggingface_hub` uses.

Knows: one repository, whose files are in a folder. Does not know: which client asks, or why.
"""

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

COMMIT: Final = "0123456789abcdef0123456789abcdef01234567"
_PIECE: Final = 1 << 20


class Hub:
    """`asked`: the files that clients asked for. `refused`: the paths at which there is nothing.
    `breaks`: a file that breaks off in the middle, also for clients that ask for the rest."""

    def __init__(self, repository: str, folder: Path) -> None:
        self.repository = repository
        self.folder = folder
        self.asked: list[str] = []
        self.refused: list[str] = []
        self.breaks: str | None = None
        self.url = ""


@contextmanager
def serving(hub: Hub) -> Iterator[Hub]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def do_GET(self) -> None:
            self._answer(body=True)

        def log_message(self, *_: object) -> None: ...

        def _answer(self, *, body: bool) -> None:
            path = self.path.partition("?")[0]
            name = path.removeprefix(f"/{hub.repository}/resolve/{COMMIT}/")
            if path == f"/api/models/{hub.repository}/revision/main":
                self._send(_described(hub), body=body)
            elif path == f"/api/models/{hub.repository}/tree/{COMMIT}":
                self._send(_listed(hub), body=body)
            elif name != path and (hub.folder / name).is_file():
                self._send_file(name, body=body)
            else:
                hub.refused.append(path)
                self.send_error(404)

        def _send(self, answer: object, *, body: bool) -> None:
            data = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if body:
                self.wfile.write(data)

        def _send_file(self, name: str, *, body: bool) -> None:
            file = hub.folder / name
            size = file.stat().st_size
            asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
            begin = int(asked[1]) if asked else 0
            end = size // 2 if hub.breaks == name else size
            self.send_response(206 if asked else 200)
            self.send_header("Content-Length", str(size - begin))
            self.send_header("Content-Range", f"bytes {begin}-{size - 1}/{size}")
            self.send_header("ETag", f'"{hashlib.sha256(name.encode()).hexdigest()}"')
            self.send_header("X-Repo-Commit", COMMIT)
            self.end_headers()
            if not body:
                return
            hub.asked.append(name)
            with file.open("rb") as source:
                source.seek(begin)
                while begin < end:
                    begin += self.wfile.write(source.read(min(end - begin, _PIECE)))
            self.close_connection = end < size

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _described(hub: Hub) -> object:
    return {
        "id": hub.repository,
        "modelId": hub.repository,
        "sha": COMMIT,
        "private": False,
        "tags": [],
        "siblings": [{"rfilename": each.name} for each in sorted(hub.folder.iterdir())],
    }


def _listed(hub: Hub) -> object:
    return [
        {
            "type": "file",
            "path": each.name,
            "size": each.stat().st_size,
            "oid": hashlib.sha1(each.name.encode()).hexdigest(),
        }
        for each in sorted(hub.folder.iterdir())
    ]
