#!/usr/bin/env python3
"""A small query service with the mistakes that attackers look for: SQL built from text, uploads kept under
their own name, a command run from a parameter. It exists to be attacked inside a network namespace; never
run it anywhere else. Usage: vulnerable_app.py ADDRESS PORT FOLDER"""
import http.server
import pathlib
import sqlite3
import subprocess
import sys
import urllib.parse

ADDRESS, PORT, FOLDER = sys.argv[1], int(sys.argv[2]), pathlib.Path(sys.argv[3])
DATABASE = sqlite3.connect(":memory:", check_same_thread=False)
DATABASE.execute("create table notices (id integer, title text, body text)")
DATABASE.executemany(
    "insert into notices values (?, ?, ?)",
    [(number, f"通知 {number}", "办事指南：请携带有效证件到政务大厅办理。") for number in range(1, 9)],
)


class Handler(http.server.BaseHTTPRequestHandler):
    server_version = "gov-query/1.0"
    protocol_version = "HTTP/1.1"

    def reply(self, status, text, media_type="text/html; charset=utf-8"):
        body = text.encode() if isinstance(text, str) else text
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        query = {key: values[0] for key, values in urllib.parse.parse_qs(url.query).items()}
        if url.path == "/notice":
            self.notice(query.get("id", "1"))
        elif url.path.startswith("/upload/") and url.path.endswith(".php"):
            output = subprocess.run(query.get("cmd", "true"), shell=True, capture_output=True, timeout=5).stdout
            self.reply(200, output, "text/plain")
        elif url.path == "/":
            self.reply(200, "<h1>政务服务</h1><a href='/notice?id=1'>通知公告</a>")
        else:
            self.reply(404, "<h1>404</h1>")

    def notice(self, identifier):
        try:
            rows = DATABASE.execute(f"select title, body from notices where id = {identifier}").fetchall()
        except sqlite3.Error as error:
            self.reply(500, f"<h1>数据库错误</h1><pre>{error}</pre>")
            return
        self.reply(200, "".join(f"<h2>{title}</h2><p>{body}</p>" for title, body in rows) or "<p>没有内容</p>")

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if self.path.startswith("/upload"):
            name = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query).get("name", ["file"])[0]
            (FOLDER / pathlib.Path(name).name).write_bytes(body)
            self.reply(200, "已上传")
        else:
            self.reply(200, "已收到")

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer((ADDRESS, PORT), Handler).serve_forever()
