#!/usr/bin/env python3
"""Takes whatever is sent to it by POST or PUT and serves one file: the far end of a leak.
Usage: collector.py ADDRESS PORT FILE_TO_SERVE"""
import http.server
import pathlib
import sys

ADDRESS, PORT, FILE = sys.argv[1], int(sys.argv[2]), pathlib.Path(sys.argv[3])


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, body, media_type="application/octet-stream"):
        self.send_response(200)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.answer(b"ok", "text/plain")

    do_PUT = do_POST

    def do_GET(self):
        self.answer(FILE.read_bytes())

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer((ADDRESS, PORT), Handler).serve_forever()
