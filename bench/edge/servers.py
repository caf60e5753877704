"""certwright's edge and its peers, each on one core, proxying the same names to the same origin."""

import json
import os
import signal
import socket
import ssl
import time
from pathlib import Path

from parts.process import LOOPBACK, Failed, Part, accepts_tcp, wait_until

from .figures import anonymous_megabytes, cores, cpu_seconds, proportional_megabytes
from .names import BINARY, ORIGIN

USER = "user root;" if os.geteuid() == 0 else ""


def shakes_hands(port, name, trust):
    """True when a TLS 1.3 handshake for `name` ends with a certificate of it."""
    context = ssl.create_default_context(cafile=str(trust))
    try:
        with socket.create_connection((LOOPBACK, port), timeout=120) as raw, context.wrap_socket(raw, server_hostname=name):
            return True
    except OSError:
        return False


class Server(Part):
    """`launch()` starts it and returns the seconds until its first handshake."""

    kind = ""

    def __init__(self, folder, port, served):
        super().__init__(self.kind, folder)
        self.port, self.served = port, served

    def command(self):
        raise NotImplementedError

    def environment(self):
        return {}

    def launch(self, seconds=300):
        command = ["taskset", "-c", cores()[0], *self.command()]
        name = f"n{(self.known() - 1) // 2}.bench.test"
        began = time.monotonic()
        self.start(command, self.environment())
        wait_until(f"{self.kind} serves {name}", lambda: shakes_hands(self.port, name, self.served.root), seconds, self,
                   every=0.002)
        return time.monotonic() - began

    def known(self):
        """How many of the names it serves, from the first."""
        return self.served.pems

    def cpu(self):
        return cpu_seconds(self.pid)

    def memory(self):
        return proportional_megabytes(self.pid)


class Certwright(Server):
    kind = "certwright"

    def __init__(self, folder, port, served, http_port):
        super().__init__(folder, port, served)
        self._http = http_port

    def known(self):
        return self.served.count

    def command(self):
        # Without its control node: what it serves is in its folder.
        return [BINARY, "edge", "--join", f"http://{LOOPBACK}:1", "--token", "none", "--data", self.served.folder / "edge",
                "--edge-threads", "1", "--http-listen", f"{LOOPBACK}:{self._http}", "--https-listen",
                f"{LOOPBACK}:{self.port}", "--log-level", "error"]

    def memory(self):
        return anonymous_megabytes(self.pid)


class Nginx(Server):
    """With a `server` for each name; `by_variable`: one that reads the file of the name at each handshake."""

    kind = "nginx"

    def __init__(self, folder, port, served, by_variable=False, single=False):
        super().__init__(folder, port, served)
        self._by_variable, self._single = by_variable, single
        self.config = folder / "nginx.conf"
        self.config.write_text(f"""{USER}
pid {folder}/nginx.pid;
worker_processes 1;
worker_rlimit_nofile 60000;
events {{ worker_connections 20000; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    ssl_protocols TLSv1.3;
    keepalive_requests 100000000;
    server_names_hash_max_size 4194304; server_names_hash_bucket_size 128;
    upstream origin {{ server {ORIGIN[0]}:{ORIGIN[1]}; keepalive 256; keepalive_requests 100000000; }}
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host $host;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Proto $scheme;
{self._servers()}
}}
""", encoding="utf-8")

    def known(self):
        return 1 if self._single else self.served.pems

    def _servers(self):
        if self._by_variable:
            return self.server_block("_", f"{self.served.folder}/pem/$ssl_server_name.pem")
        return "\n".join(self.server_block(f"n{i}.bench.test", self.served.pem(i)) for i in range(self.known()))

    def server_block(self, name, pem):
        return (f"    server {{ listen {LOOPBACK}:{self.port} ssl http2; server_name {name}; ssl_certificate {pem}; "
                f"ssl_certificate_key {pem}; location / {{ proxy_pass http://origin; }} }}")

    def command(self):
        return ["/usr/sbin/nginx", "-c", self.config, "-e", self.folder / "error.log", "-g", "daemon off;"]

    def signal_reload(self):
        os.kill(self.pid, signal.SIGHUP)


class Haproxy(Server):
    kind = "haproxy"

    def __init__(self, folder, port, served, single=False):
        super().__init__(folder, port, served)
        self._single = single
        self.config = folder / "haproxy.cfg"
        self.admin = folder / "admin.sock"
        self.list = folder / "crt-list.txt"
        self.list.write_text("".join(f"{served.pem(i)}\n" for i in range(self.known())), encoding="utf-8")
        self.config.write_text(f"""global
    nbthread 1
    maxconn 4000
    stats socket {self.admin} mode 600 level admin
    ssl-default-bind-options ssl-min-ver TLSv1.3
defaults
    mode http
    timeout client 30s
    timeout server 30s
    timeout connect 5s
    http-reuse always
frontend https
    bind {LOOPBACK}:{port} ssl crt-list {self.list} alpn h2,http/1.1
    option forwardfor
    http-request set-header X-Forwarded-Proto https
    default_backend origin
backend origin
    server origin {ORIGIN[0]}:{ORIGIN[1]} maxconn 4000
""", encoding="utf-8")

    def known(self):
        return 1 if self._single else self.served.pems

    def command(self):
        return ["/usr/sbin/haproxy", "-db", "-f", self.config]


class Caddy(Server):
    kind = "caddy"

    def __init__(self, folder, port, served):
        super().__init__(folder, port, served)
        self.config = folder / "caddy.json"
        proxy = {"handler": "reverse_proxy", "upstreams": [{"dial": f"{ORIGIN[0]}:{ORIGIN[1]}"}]}
        site = {"listen": [f"{LOOPBACK}:{port}"], "routes": [{"handle": [proxy]}], "tls_connection_policies": [{}],
                "automatic_https": {"disable": True}}
        self.config.write_text(json.dumps({
            "admin": {"disabled": True}, "storage": {"module": "file_system", "root": str(folder / "storage")},
            "apps": {"tls": {"certificates": {"load_folders": [str(served.folder / "pem")]}},
                     "http": {"servers": {"site": site}}}}), encoding="utf-8")

    def command(self):
        return ["/usr/bin/caddy", "run", "--config", self.config]

    def environment(self):
        return {"GOMAXPROCS": "1", "HOME": str(self.folder), "XDG_DATA_HOME": str(self.folder)}


class Origin(Part):
    """nginx with two answers: /200 of 200 octets and /64k of 65,536."""

    def __init__(self, folder):
        super().__init__("origin", folder)
        self.config = folder / "origin.conf"
        for name, size in (("200", 200), ("64k", 65536)):
            Path(folder / name).write_bytes(b"x" * size)
        self.config.write_text(f"""{USER}
pid {folder}/origin.pid;
worker_processes 1;
events {{ worker_connections 10000; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    sendfile on; open_file_cache max=10; keepalive_requests 100000000;
    server {{ listen {ORIGIN[0]}:{ORIGIN[1]}; root {folder}; }}
}}
""", encoding="utf-8")

    def launch(self):
        if accepts_tcp(ORIGIN[1], ORIGIN[0]):
            raise Failed("something listens at {}:{} already".format(*ORIGIN))
        self.start(["taskset", "-c", cores()[1], "/usr/sbin/nginx", "-c", self.config, "-e", self.folder / "error.log", "-g",
                    "daemon off;"])
        wait_until("the origin listens", lambda: accepts_tcp(ORIGIN[1], ORIGIN[0]), 20, self)
        return self
