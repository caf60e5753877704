"""Proxies of others in front, each with one static rule for the challenge path, and what brings certificates to them."""

import hashlib
import json
import os
import re
import urllib.error
import urllib.parse
import urllib.request
from datetime import datetime
from pathlib import Path

from .process import LOOPBACK, Part, accepts_tcp, run, wait_until


class Haproxy(Part):
    """HAProxy with a crt-list that `certwright deploy` fills. `start_again` is a restart: what was in memory is lost."""

    ADDRESS = "127.0.0.2"

    def __init__(self, folder, http, https, responder, app):
        super().__init__("haproxy", folder)
        self.http, self.https = http, https
        self.certificates = folder / "certificates"
        self.socket = folder / "admin.sock"
        self.config = folder / "haproxy.cfg"
        self.config.write_text(f"""global
    stats socket {self.socket} mode 600 level admin
defaults
    mode http
    timeout client 30s
    timeout server 30s
    timeout connect 5s
frontend http
    bind {self.ADDRESS}:{http}
    acl challenge path_beg /.well-known/acme-challenge/
    http-request redirect scheme https unless challenge
    use_backend certwright if challenge
frontend https
    bind {self.ADDRESS}:{https} ssl crt-list {self.certificates}/crt-list.txt strict-sni
    default_backend app
backend certwright
    server responder {LOOPBACK}:{responder}
backend app
    server app {LOOPBACK}:{app}
""", encoding="utf-8")

    def launch(self):
        self.start(["/usr/sbin/haproxy", "-db", "-f", self.config])
        wait_until("HAProxy listens", lambda: accepts_tcp(self.https, self.ADDRESS), 20, self)
        return self

    def deploy_flags(self):
        return ["--haproxy-folder", self.certificates, "--haproxy-sockets", self.socket,
                "--haproxy-check-interval", "500ms"]


class Nginx(Part):
    """nginx that finds a certificate by the name in the handshake."""

    ADDRESS = "127.0.0.3"

    def __init__(self, folder, http, https, responder, app):
        super().__init__("nginx", folder)
        self.http, self.https = http, https
        self.certificates = folder / "certificates"
        self.config = folder / "nginx.conf"
        user = "user root;" if os.geteuid() == 0 else ""
        self.config.write_text(f"""{user}
pid {folder}/nginx.pid;
error_log {folder}/error.log;
worker_processes 1;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{
        listen {self.ADDRESS}:{http} default_server;
        location /.well-known/acme-challenge/ {{
            proxy_pass http://{LOOPBACK}:{responder};
            proxy_set_header Host $host;
        }}
        location / {{ return 301 https://$host$request_uri; }}
    }}
    server {{
        listen {self.ADDRESS}:{https} ssl default_server;
        ssl_certificate {self.certificates}/$ssl_server_name/fullchain.pem;
        ssl_certificate_key {self.certificates}/$ssl_server_name/privkey.pem;
        location / {{ proxy_pass http://{LOOPBACK}:{app}; }}
    }}
}}
""", encoding="utf-8")

    def launch(self):
        self.start(["/usr/sbin/nginx", "-c", self.config, "-e", self.folder / "error.log", "-g", "daemon off;"])
        wait_until("nginx listens", lambda: accepts_tcp(self.https, self.ADDRESS), 20, self)
        return self

    def deploy_flags(self):
        reload = f"/usr/sbin/nginx -c {self.config} -e {self.folder}/error.log -s reload"
        return ["--files-folder", self.certificates, "--files-reload", reload, "--files-reload-interval", "1s"]


class Caddy(Part):
    """Caddy that asks for each certificate over HTTP."""

    ADDRESS = "127.0.0.4"

    def __init__(self, folder, http, https, responder, app, getter):
        super().__init__("caddy", folder)
        self.http, self.https, self.getter = http, https, getter
        self._responder, self._app = responder, app
        self.config = folder / "Caddyfile"
        self.secret_file = folder / "getter.secret"
        self._secret = hashlib.sha256(os.urandom(32)).hexdigest()
        self.secret_file.write_text(self._secret + "\n", encoding="utf-8")
        self.config.write_text(f"""{{
    admin off
    auto_https disable_redirects
    http_port {http}
    https_port {https}
}}
http:// {{
    bind {self.ADDRESS}
    handle /.well-known/acme-challenge/* {{
        reverse_proxy {LOOPBACK}:{responder}
    }}
}}
https:// {{
    bind {self.ADDRESS}
    tls {{
        get_certificate http http://caddy:{self._secret}@{LOOPBACK}:{getter}/
    }}
    reverse_proxy {LOOPBACK}:{app}
}}
""", encoding="utf-8")

    def launch(self):
        homes = {name: str(self.folder) for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME")}
        self.start(["caddy", "run", "--config", self.config, "--adapter", "caddyfile"], homes)
        wait_until("Caddy listens", lambda: accepts_tcp(self.https, self.ADDRESS), 20, self)
        return self

    def deploy_flags(self):
        return ["--getter-listen", f"{LOOPBACK}:{self.getter}", "--getter-secret-file", self.secret_file]

    def ask_without_secret(self, name):
        try:
            with urllib.request.urlopen(f"http://{LOOPBACK}:{self.getter}/?server_name={name}&secret=wrong", timeout=10):
                return 200
        except urllib.error.HTTPError as refused:
            return refused.code


class Apache(Part):
    """Apache whose virtual hosts wait for their certificates; `deploy` makes it read them."""

    ADDRESS = "127.0.0.5"

    def __init__(self, folder, http, https, responder, app, names):
        super().__init__("apache", folder)
        self.http, self.https = http, https
        self.certificates = folder / "certificates"
        self.config = folder / "apache.conf"
        modules = ("mpm_event", "authz_core", "proxy", "proxy_http", "rewrite", "ssl", "macro")
        load = "\n".join(f"LoadModule {each}_module /usr/lib/apache2/modules/mod_{each}.so" for each in modules)
        user = "User www-data\nGroup www-data" if os.geteuid() == 0 else ""
        use = "\n".join(f"Use Certwright {name} http://{LOOPBACK}:{app}/" for name in names)
        self.config.write_text(f"""ServerRoot {folder}
DefaultRuntimeDir {folder}
PidFile {folder}/apache.pid
ErrorLog {folder}/error.log
ServerName localhost
{load}
{user}
Listen {self.ADDRESS}:{http}
Listen {self.ADDRESS}:{https} https
<VirtualHost *:{http}>
    ProxyPreserveHost On
    ProxyPass /.well-known/acme-challenge/ http://{LOOPBACK}:{responder}/.well-known/acme-challenge/
    RewriteEngine On
    RewriteCond %{{REQUEST_URI}} !^/\\.well-known/acme-challenge/
    RewriteRule ^ https://%{{HTTP_HOST}}%{{REQUEST_URI}} [R=301,L]
</VirtualHost>
<Macro Certwright $name $to>
    <IfFile {self.certificates}/$name/fullchain.pem>
        <VirtualHost *:{https}>
            ServerName $name
            SSLEngine on
            SSLCertificateFile {self.certificates}/$name/fullchain.pem
            SSLCertificateKeyFile {self.certificates}/$name/privkey.pem
            ProxyPass / $to
        </VirtualHost>
    </IfFile>
</Macro>
{use}
""", encoding="utf-8")

    def launch(self):
        self.start(["/usr/sbin/apache2", "-f", self.config, "-DFOREGROUND"])
        wait_until("Apache listens", lambda: accepts_tcp(self.https, self.ADDRESS), 20, self)
        return self

    def deploy_flags(self):
        reload = f"/usr/sbin/apache2 -f {self.config} -k graceful"
        return ["--files-folder", self.certificates, "--files-reload", reload, "--files-reload-interval", "1s"]


HOOK = """#!/usr/bin/env python3
# Fails at its first run, then notes what it is told.
import json, os, pathlib, sys
folder = pathlib.Path(sys.argv[1])
told = json.load(sys.stdin)
first = folder / "failed-once"
if not first.exists():
    first.touch()
    sys.exit(1)
keys = [c["key_pem"].splitlines()[0] for c in told["certificates"]]
with (folder / "told").open("a") as out:
    out.write(f"{os.environ['CERTWRIGHT_EVENT']} {os.environ['CERTWRIGHT_NAME']} {' '.join(keys)}\\n")
"""


class Hook:
    """A program of the operator's."""

    def __init__(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.program = folder, folder / "hook"
        self.program.write_text(HOOK, encoding="utf-8")
        self.program.chmod(0o755)

    def told(self):
        path = self.folder / "told"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    def deploy_flags(self):
        return ["--hook-command", f"{self.program} {self.folder}"]


class Deploy(Part):
    """`certwright deploy` for one group."""

    def __init__(self, folder, binary, server, group):
        super().__init__(f"deploy-{group}", folder)
        self.binary, self.server, self.group = binary, server, group
        self._flags, self._token = [], ""

    def launch(self, token, flags):
        self._flags, self._token = flags, token
        return self.launch_again()

    def launch_again(self):
        self.start([self.binary, "deploy", "--data", self.folder / "data", "--join", self.server.url, "--token", self._token,
                    "--name", self.name, *self._flags])
        wait_until(f"{self.name} runs", lambda: self.logged("started"), 20, self)
        return self

    def reloads(self):
        """When the proxy was reloaded, in seconds."""
        text = self.log.read_text(encoding="utf-8", errors="replace")
        return [datetime.fromisoformat(at).timestamp() for at in re.findall(r"^(\S+)Z \w+ +deploy_reloaded ", text, re.MULTILINE)]


class Api:
    """The REST API, for many names."""

    def __init__(self, server):
        self._server = server

    def call(self, method, path, body=None):
        request = urllib.request.Request(self._server.url + path, method=method,
                                         data=None if body is None else json.dumps(body).encode())
        request.add_header("Authorization", "Bearer " + self._server.token_file.read_text().strip())
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def states(self):
        """name -> state, of all endpoints."""
        states, after = {}, ""
        while True:
            page = self.call("GET", f"/v1/endpoints?limit=500{after}")
            states.update({each["name"]: each["state"] for each in page["items"]})
            if not page["next"]:
                return states
            after = f"&after={urllib.parse.quote(page['next'])}"


def checksum(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def lego(folder, server, trust, name, listen):
    """A real ACME client that proves `name` by HTTP-01 on `listen`: (status, output)."""
    status, out, err = run(["lego", "--server", server, "--accept-tos", "--email", "app@customer.test", "--path", folder,
                            "--domains", name, "--http", "--http.port", listen, "run"], "lego", 60,
                           {"LEGO_CA_CERTIFICATES": str(trust)}, check=False)
    return status, out + err
