"""A mail server for tests, on aiosmtpd (Debian: python3-aiosmtpd), on 127.0.0.1. Each mail becomes a JSON file.

    smtp_server.py PORT FOLDER [--tls none|starttls|implicit] [--cert FILE --key FILE] [--user NAME --password TEXT]
                   [--refuse COUNT]     answers 451 to the first COUNT mails
"""
import argparse
import asyncio
import json
import os
import ssl

from aiosmtpd.smtp import SMTP, AuthResult


class Keeper:
    def __init__(self, folder, refuse):
        self.folder = folder
        self.refuse = refuse
        self.count = 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if self.refuse > 0:
            self.refuse -= 1
            return "451 4.3.0 not now"
        kept = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "helo": session.host_name,
            "tls": bool(session.ssl) or server.implicit,
            "user": server.user_of(session),
            "message": envelope.content.decode("utf-8"),
        }
        name = os.path.join(self.folder, f"{self.count:04}.json")
        self.count += 1
        with open(name + ".part", "w", encoding="utf-8") as file:
            json.dump(kept, file)
        os.rename(name + ".part", name)
        return "250 kept"


class Server(SMTP):
    implicit = False

    def user_of(self, session):
        return session.auth_data.decode() if session.authenticated else ""


def authenticator(user, password):
    def check(server, session, envelope, mechanism, data):
        if data.login == user.encode() and data.password == password.encode():
            return AuthResult(success=True, auth_data=data.login)
        return AuthResult(success=False, handled=False)
    return check


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("folder")
    parser.add_argument("--tls", choices=("none", "starttls", "implicit"), default="none")
    parser.add_argument("--cert")
    parser.add_argument("--key")
    parser.add_argument("--user", default="")
    parser.add_argument("--password", default="")
    parser.add_argument("--refuse", type=int, default=0)
    given = parser.parse_args()
    context = None
    if given.tls != "none":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(given.cert, given.key)
    options = {"hostname": "mail.test"}
    if given.user:
        options.update(authenticator=authenticator(given.user, given.password), auth_required=True,
                       auth_require_tls=given.tls == "starttls")
    if given.tls == "starttls":
        options.update(tls_context=context, require_starttls=True)
    keeper = Keeper(given.folder, given.refuse)

    def connected():
        server = Server(keeper, **options)
        server.implicit = given.tls == "implicit"
        return server

    loop = asyncio.get_running_loop()
    server = await loop.create_server(connected, "127.0.0.1", given.port,
                                      ssl=context if given.tls == "implicit" else None)
    await server.serve_forever()


asyncio.run(main())
