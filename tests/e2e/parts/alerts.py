"""A name whose certificate ends soon: the operators hear of it by mail and by a command, and that it is over."""

import email
import email.policy
import json
import time

from .peers import ROOT, make_dated_leaf, make_leaf, make_tls_root
from .process import Part, Ports, accepts_tcp, run, wait_until
from .product import Cli, Server
from .refusals import UnreachableCa

OPS = "ops@platform.test"
NAME = "bücher.customer.test"


class MailServer(Part):
    """aiosmtpd with STARTTLS, on Debian's own Python, which sees Debian's modules."""

    def __init__(self, folder, ports):
        super().__init__("mail", folder)
        self.port = ports.take()
        self.mails = folder / "mails"
        self.mails.mkdir()
        self.root = make_tls_root(folder, "mail-root", "Mail root")
        self.leaf = make_leaf(folder, "localhost", "DNS:localhost", self.root)

    def launch(self):
        self.start(["/usr/bin/python3", ROOT / "tests" / "peers" / "smtp_server.py", self.port, self.mails, "--tls", "starttls",
                    "--cert", self.leaf[0], "--key", self.leaf[1], "--user", "us", "--password", "secret"])
        wait_until("the mail server answers", lambda: accepts_tcp(self.port), 20, self)

    def kept(self):
        """Each mail as email.message, oldest first."""
        return [email.message_from_string(json.loads(file.read_text(encoding="utf-8"))["message"], policy=email.policy.default)
                for file in sorted(self.mails.glob("*.json"))]

    def about(self, part):
        return next((mail for mail in self.kept() if part in mail["subject"]), None)


class Alerts:
    """Runs `certwright` in `folder`; `check(what, passed, saw)` is told of each expectation."""

    def __init__(self, folder, binary, check):
        self.folder, self.check = folder, check
        ports = Ports()
        self.server = Server(folder / "serve", ports, binary)
        self.mail = MailServer(folder / "mail", ports)
        self.cli = Cli(self.server)
        self.told = folder / "told"

    def run_all(self):
        self.mail.launch()
        self.server.launch(UnreachableCa, 9, env=self.settings())
        self.try_the_channel()
        self.tenant_confirms_his_address()
        self.name_that_ends_soon()
        self.receiver_down()

    def stop(self):
        self.server.stop()
        self.mail.stop()

    def settings(self):
        command = self.folder / "page"
        command.write_text(f"#!/bin/sh\ncat >> {self.told}\necho >> {self.told}\n", encoding="utf-8")
        command.chmod(0o700)
        password = self.folder / "password"
        password.write_text("secret\n", encoding="utf-8")
        return {"CERTWRIGHT_ALERTS_SMTP": f"smtp://localhost:{self.mail.port}", "CERTWRIGHT_ALERTS_SMTP_USER": "us",
                "CERTWRIGHT_ALERTS_SMTP_PASSWORD_FILE": str(password), "CERTWRIGHT_ALERTS_SMTP_TRUST": str(self.mail.root[0]),
                "CERTWRIGHT_ALERTS_MAIL": OPS, "CERTWRIGHT_ALERTS_EXEC": f"pager={command} --now",
                "CERTWRIGHT_ALERTS_GATHER": "1s"}

    def try_the_channel(self):
        wait_until("the configured channels are there", lambda: "alerts.mail" in self.cli.text("channel", "list"), 20, self.server)
        said = self.cli.text("alert", "test", "alerts.mail")
        self.check("a test arrives", said.startswith("Delivered"), said.strip())
        mail = self.mail.about("Test of the channel alerts.mail")
        self.check("its mail is for the operators", mail is not None and OPS in mail["to"], mail and mail["to"])

    def tenant_confirms_his_address(self):
        self.cli.text("tenant", "add", "acme")
        acme = Cli(self.server, self.cli.json("token", "create", "--tenant", "acme", "--scope", "write")["token"])
        said = acme.text("channel", "add", "mail", "--mail", "admin@acme.test")
        self.check("a tenant's address is asked first", "channel confirm" in said, said.splitlines()[-1].strip())
        refused = acme.text("channel", "test", "mail", check=False)
        self.check("until then it hears of nothing", "[channel_unconfirmed]" in refused, refused.splitlines()[0])
        mail = wait_until("the code comes by mail", lambda: self.mail.about("Confirm that admin@acme.test"), 30, self.server)
        command = next(line.split() for line in mail.get_content().splitlines() if "channel confirm chn_" in line)
        said = acme.text(*command[1:])
        self.check("the command of the mail confirms it", "is confirmed" in said, said.strip())
        said = acme.text("channel", "test", "mail")
        self.check("now a test arrives", said.startswith("Delivered"), said.strip())

    def name_that_ends_soon(self):
        folder = self.folder / "certificates"
        folder.mkdir()
        root = make_tls_root(folder, "root", "An uploaded root")
        key = make_leaf(folder, "leaf", "DNS:xn--bcher-kva.customer.test", root)[1]
        day = 86400
        start, end = (time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + days * day)) for days in (-88, 2))
        chain = make_dated_leaf(folder, "DNS:xn--bcher-kva.customer.test", key, root, start, end)
        self.cli.text("endpoint", "add", NAME, "--to", "http://192.0.2.80:3000")
        self.cli.text("certificate", "upload", NAME, "--chain", chain, "--key", key)
        mail = wait_until("a mail about it", lambda: self.mail.about("has no successor"), 30, self.server)
        self.check("its subject has the name both ways, and the day",
                   mail["subject"].startswith(f"[certwright] {NAME} (xn--bcher-kva.customer.test): the certificate ends on 20"),
                   mail["subject"])
        text = mail.get_content()
        self.check("it says who must act and how to silence it",
                   "Who must act:" in text and "certwright alert silence alr_" in text, text.splitlines()[0])
        wait_until("the command was run", self.told.exists, 30, self.server)
        told = json.loads(self.told.read_text(encoding="utf-8").splitlines()[0])
        self.check("the command got it as JSON", told["alert"]["severity"] == "critical" and told["type"] == "alert.opened",
                   told["summary"])
        listed = self.cli.json("alert", "list", "--endpoint", NAME)["items"]
        self.check("alert list has it", [each["rule"] for each in listed] == ["expiring"], listed and listed[0]["message"])
        self.cli.text("endpoint", "remove", NAME, "--yes")
        over = wait_until("a mail that it is over", lambda: self.mail.about("Removed:"), 30, self.server)
        self.check("it does not say that it was mended", "It was not mended" in " ".join(over.get_content().split())
                   and self.mail.about("Resolved:") is None, over["subject"])
        self.check("it is in the same thread", over["references"] == mail["message-id"], over["references"])

    def receiver_down(self):
        self.mail.stop()
        self.cli.text("channel", "add", "other", "--mail", "other@platform.test")
        status, out, err = run([self.server.binary, "alert", "test", "other"], "test a dead channel", 60,
                               self.cli.environment(), check=False)
        self.check("a dead mail server is told", status == 1 and "connect" in (out + err).lower(), (out + err).strip())
        shown = self.cli.text("channel", "show", "other")
        self.check("the channel shows that it fails", "failing" in shown, shown.splitlines()[0])
