"""Each rule of tools/check_layers.py on a small tree that breaks it, and the same tree put right."""

import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
sys.dont_write_bytecode = True
import check_layers  # noqa: E402


class CheckLayersTest(unittest.TestCase):
    def complaints(self, files):
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / "src"
            for name, text in files.items():
                (source / name).parent.mkdir(parents=True, exist_ok=True)
                (source / name).write_text(text, encoding="utf-8")
            return check_layers.Checker(source).run()

    def assert_clean(self, files):
        self.assertEqual(self.complaints(files), [])

    def assert_one(self, files, *parts):
        found = self.complaints(files)
        self.assertEqual(len(found), 1, found)
        for part in parts:
            self.assertIn(part, found[0])

    def test_arrows_down_are_fine(self):
        self.assert_clean({"base/result.h": "", "net/listen.h": '#include "base/result.h"\n',
                           "api/x.cc": '#include "net/listen.h"\n'})

    def test_an_arrow_up_is_reported_with_file_and_line(self):
        self.assert_one({"api/handlers.h": "", "base/log.cc": '\n#include "api/handlers.h"\n'},
                        "src/base/log.cc:2:", "api is above base")

    def test_neighbours_do_not_know_each_other(self):
        self.assert_one({"dns/name.h": "", "http/client.cc": '#include "dns/name.h"\n'}, "folders of one row")

    def test_acme_never_includes_store(self):
        self.assert_one({"store/store.h": "", "acme/order.cc": '#include "store/store.h"\n'}, "knows no database")

    def test_the_edge_never_sees_the_store_even_through_another_header(self):
        found = self.complaints({"store/store.h": "", "feed/server/log.h": '#include "store/store.h"\n',
                                 "edge/edge.cc": '#include "feed/server/log.h"\n'})
        self.assertEqual(len(found), 2, found)
        self.assertIn("feed/server", found[0])
        self.assertIn("store/store.h comes in through feed/server/log.h", found[1])

    def test_the_server_side_of_the_feed_may_include_the_store(self):
        self.assert_clean({"store/store.h": "", "feed/server/log.cc": '#include "store/store.h"\n'})
        self.assert_one({"store/store.h": "", "feed/client.cc": '#include "store/store.h"\n'}, "feed/server")

    def test_a_library_stays_with_its_owner(self):
        self.assert_clean({"store/sqlite/db.cc": "#include <sqlite3.h>\n"})
        self.assert_one({"api/x.cc": "#include <sqlite3.h>\n"}, "only store may see it")

    def test_a_library_does_not_leak_through_a_header(self):
        self.assert_one({"crypto/key.h": "#include <openssl/evp.h>\n", "acme/x.cc": '#include "crypto/key.h"\n'},
                        "<openssl/evp.h>"[1:-1], "through crypto/key.h", "only crypto, net")

    def test_banned_headers_are_banned_everywhere(self):
        self.assert_one({"net/x.cc": "#include <boost/asio/detached.hpp>\n"}, "nobody may use it")

    def test_tests_may_use_test_support_and_libraries(self):
        self.assert_clean({"edge/x_test.cc": '#include "support/run.h"\n#include <openssl/ssl.h>\n'})
        self.assert_one({"edge/x.cc": '#include "support/run.h"\n'}, "is not in src/")

    def test_headers_for_tests_stay_in_tests(self):
        files = {"store/testing/fixture.h": '#include "support/run.h"\n', "net/tls_test_identity.h": '#include "support/run.h"\n',
                 "store/x_test.cc": '#include "store/testing/fixture.h"\n'}
        self.assert_clean(files)
        self.assert_one({**files, "store/x.cc": '#include "store/testing/fixture.h"\n'}, "is for tests")

    def test_an_unknown_folder_is_reported(self):
        self.assert_one({"utils/x.cc": ""}, "has no place in the table")


if __name__ == "__main__":
    unittest.main()
