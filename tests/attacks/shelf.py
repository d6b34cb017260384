"""A private index and listeners that run beside the container.

The index has a password; listeners note who reaches them.

python shelf.py FOLDER LOG: serves FOLDER on 127.0.0.1:8000 and writes a line to LOG for each request and each visit.
"""

import base64
import functools
import http.server
import socket
import sys
import threading
from pathlib import Path

ACCOUNT = b"reader:canary-index-password"
TCP_PORTS, UDP_PORT, PORT = (9000, 9001), 9053, 8000


class Shelf(http.server.SimpleHTTPRequestHandler):
    """A folder's listing is a simple index page already."""

    note = staticmethod(print)

    def do_GET(self):
        if self.headers.get("Authorization", "").removeprefix("Basic ") != base64.b64encode(ACCOUNT).decode():
            self.send_response(401)
            self.send_header("WWW-Authenticate", "Basic")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.note(f"asked {self.path}")
        super().do_GET()

    def log_message(self, *words):
        """Print nothing: the notes are enough."""


def visits(server, note):
    """Note what each visitor says first."""
    while True:
        line, _ = server.accept()
        line.settimeout(2)
        try:
            note(f"visit {line.recv(200)!r}")
        except OSError:
            note("visit b'zz-egress unknown silent'")
        line.close()


def datagrams(server, note):
    """Note each datagram."""
    while True:
        note(f"visit {server.recvfrom(200)[0]!r}")


def main(folder, log):
    """Serve until killed."""
    lock = threading.Lock()

    def note(text):
        with lock, Path(log).open("a") as file:
            file.write(text + "\n")

    Shelf.note = staticmethod(note)
    servers = [socket.create_server(("127.0.0.1", port)) for port in TCP_PORTS]
    with socket.socket(socket.AF_UNIX) as abstract, socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as udp:
        abstract.bind("\0zz-abstract")
        abstract.listen()
        udp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        udp.bind(("::", UDP_PORT))
        for server in (*servers, abstract):
            threading.Thread(target=visits, args=(server, note), daemon=True).start()
        threading.Thread(target=datagrams, args=(udp, note), daemon=True).start()
        with http.server.ThreadingHTTPServer(("127.0.0.1", PORT), functools.partial(Shelf, directory=folder)) as index:
            note("ready")
            index.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
