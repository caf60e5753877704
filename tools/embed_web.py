#!/usr/bin/env python3
"""Writes a C++ source with the files of the built dashboard, each as it is and gzipped.

    tools/embed_web.py OUTPUT [FOLDER]      without FOLDER: a build without a dashboard
"""

import gzip
import sys
from pathlib import Path

TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
         ".svg": "image/svg+xml"}


def array(name, content):
    rows = [", ".join(f"0x{byte:02x}" for byte in content[at:at + 24]) for at in range(0, len(content), 24)]
    return f"const unsigned char {name}[] = {{\n    " + ",\n    ".join(rows) + "};\n"


def source(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file()) if folder else []
    arrays, rows = [], []
    for number, path in enumerate(files):
        content = path.read_bytes()
        arrays.append(array(f"plain_{number}", content))
        arrays.append(array(f"packed_{number}", gzip.compress(content, 9, mtime=0)))
        views = ", ".join(f"{{reinterpret_cast<const char*>({name}), sizeof {name}}}" for name in (f"plain_{number}", f"packed_{number}"))
        rows.append(f'    {{"{path.relative_to(folder).as_posix()}", "{TYPES[path.suffix]}", {views}}},\n')
    table = "const WebAsset assets[] = {\n" + "".join(rows) + "};\n" if rows else "const std::span<const WebAsset> assets;\n"
    return ('#include "app/web_assets.h"\n\nnamespace app {\n\nnamespace {\n\n' + "\n".join(arrays) + "\n" + table +
            "\n}  // namespace\n\nstd::span<const WebAsset> web_assets()\n{\n    return assets;\n}\n\n}  // namespace app\n")


def main(arguments):
    if len(arguments) not in (1, 2):
        print(__doc__, file=sys.stderr)
        return 2
    Path(arguments[0]).write_text(source(Path(arguments[1]) if len(arguments) == 2 else None), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
