"""Bare domains and moved names: added one by one and from a file, redirected over HTTP and HTTPS, changed and removed."""

from . import probe
from .process import LOOPBACK, run, wait_until
from .stage import CUSTOMER_ZONE

BARE = CUSTOMER_ZONE
MOVED = [f"old{number}.{CUSTOMER_ZONE}" for number in range(1, 4)]


class Redirects:
    """`check(what, passed, saw)` is told of each expectation."""

    def __init__(self, stage, check):
        self._stage, self.check = stage, check

    def run_all(self):
        self._stage.start_surroundings()
        self._stage.start_server()
        self.refusals()
        self.a_bare_domain()
        self.a_change()
        self.many_from_a_file()
        self.removal()

    def refusals(self):
        said = self._cli("redirect", "add", BARE, "--to", f"https://{BARE}/new")
        self.check("a redirect onto itself is refused", "[redirect_loop]" in said, said.strip())
        said = self._cli("redirect", "add", BARE, "--to", f"www.{BARE}")
        self.check("a target that is no URL is refused with what to write", "[redirect_invalid]" in said and "https://" in said,
                   said.strip())

    def a_bare_domain(self):
        self._stage.knot.update(f"add {BARE}. 5 A {LOOPBACK}")
        said = self._cli("redirect", "add", BARE, "--to", f"https://www.{BARE}", "--wait", "--timeout", "90")
        self.check("a bare domain is active after one command", "active" in said, said.strip()[-300:])
        self._expect("HTTP leads straight to the target", probe.get_http(self._stage.server.http, BARE, "/a/b?c=d"),
                     301, f"https://www.{BARE}/a/b?c=d")
        self._expect("HTTPS has its own certificate and does the same", self._https(BARE, "/a/b?c=d"), 301,
                     f"https://www.{BARE}/a/b?c=d")
        _, seen, _ = run(["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code} %{redirect_url}", "--cacert", self._stage.root,
                          "--resolve", f"{BARE}:{self._stage.server.https}:{LOOPBACK}",
                          f"https://{BARE}:{self._stage.server.https}/x"], "curl")
        self.check("curl follows it", seen == f"301 https://www.{BARE}/x", seen)
        shown = self._cli("redirect", "show", BARE)
        self.check("it is shown as a redirect", f"301 to https://www.{BARE}, path and query kept" in shown, shown[:400])

    def a_change(self):
        self._cli("redirect", "update", BARE, "--to", f"https://shop.{BARE}/welcome", "--status", "308", "--no-keep-path", "--yes")
        target = f"https://shop.{BARE}/welcome"
        wait_until("the change is live", lambda: self._https(BARE, "/a").headers.get("location") == target, 20, self._stage.server)
        self._expect("another target and status, path dropped", self._https(BARE, "/a?b"), 308, target)

    def many_from_a_file(self):
        self._stage.knot.update(*(f"add {name}. 5 A {LOOPBACK}" for name in MOVED))
        file = self._stage.folder / "moved.csv"
        rows = [f"{name},https://www.{CUSTOMER_ZONE}/{name.split('.')[0]},302,true" for name in MOVED]
        file.write_text("\n".join(["names,to,status,keep_path", *rows, f"{BARE},nowhere,,"]) + "\n", encoding="utf-8")
        said = self._cli("redirect", "import", file)
        self.check("a file adds many, and says what is wrong with each line",
                   f"{len(MOVED)} created" in said and "1 refused" in said and "[redirect_invalid]" in said, said.strip())
        again = self._cli("redirect", "import", file)
        self.check("the same file again changes nothing", f"0 created, {len(MOVED)} there before" in again, again.strip())
        for name in MOVED:
            view = f"{name} is active"
            wait_until(view, lambda name=name: self._stage.cli.endpoint(name).state == "active", 90, self._stage.server, every=0.3)
            self._expect(f"{name} leads where its line says", self._https(name, "/x"), 302,
                         f"https://www.{CUSTOMER_ZONE}/{name.split('.')[0]}/x")
        self._stage.cli.text("endpoint", "add", f"app.{CUSTOMER_ZONE}", "--to", self._stage.app.url)
        names = [each["name"] for each in self._stage.cli.json("redirect", "list")["items"]]
        self.check("the list has redirects and nothing else", sorted(names) == sorted([BARE, *MOVED]), str(names))

    def removal(self):
        self._cli("redirect", "remove", MOVED[0], "--yes")
        wait_until("the removed name is not served",
                   lambda: probe.get_http(self._stage.server.http, MOVED[0]).status == 404, 20, self._stage.server)
        self.check("a removed redirect leads nowhere", "location" not in probe.get_http(self._stage.server.http, MOVED[0]).headers)

    # --- the parts of it --------------------------------------------------------------------------------------------

    def _cli(self, *arguments):
        return self._stage.cli.text(*arguments, seconds=120, check=False)

    def _https(self, name, path):
        return probe.get_https(self._stage.server.https, name, self._stage.root, path)

    def _expect(self, what, answer, status, location):
        self.check(what, answer.status == status and answer.headers.get("location") == location,
                   f"{answer.status} {answer.headers.get('location')}")
