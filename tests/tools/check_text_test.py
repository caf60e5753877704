"""File sizes and links, on small trees without git."""

import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
sys.dont_write_bytecode = True
import check_text  # noqa: E402


class CheckTextTest(unittest.TestCase):
    def complaints(self, files):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            for name, text in files.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text, encoding="utf-8")
            names = check_text.project_files(root)
            return [*check_text.check_sizes(root, names), *check_text.check_links(root, names)]

    def test_a_file_at_the_limit_is_fine_and_one_line_more_is_not(self):
        self.assertEqual(self.complaints({"src/a.cc": "x\n" * 500}), [])
        self.assertIn("501 lines", self.complaints({"src/a.cc": "x\n" * 501})[0])

    def test_scripts_without_a_suffix_count(self):
        self.assertIn("501 lines", self.complaints({"tools/x": "#!/bin/bash\n" + "x\n" * 500})[0])

    def test_an_exception_needs_a_reason_and_a_use(self):
        long_file = {"src/a.cc": "x\n" * 501}
        self.assertEqual(self.complaints({**long_file, "tools/size-exceptions.txt": "src/a.cc 600 generated\n"}), [])
        with self.assertRaises(SystemExit):
            self.complaints({**long_file, "tools/size-exceptions.txt": "src/a.cc 600\n"})
        self.assertIn("needs no exception",
                      self.complaints({"src/a.cc": "", "tools/size-exceptions.txt": "src/a.cc 600 x y\n"})[0])

    def test_dead_links_and_headings_are_reported(self):
        found = self.complaints({"README.md": "# One thing\n[a](docs/b.md) [c](#one-thing) [d](#two) [e](https://x.example)\n"})
        self.assertEqual(len(found), 2, found)
        self.assertIn("README.md:2: link to docs/b.md", found[0])
        self.assertIn("#two", found[1])

    def test_links_in_code_are_not_links(self):
        self.assertEqual(self.complaints({"README.md": "`[a](b)`\n```\n[a](b)\n```\n"}), [])


if __name__ == "__main__":
    unittest.main()
