#!/usr/bin/env python3
"""Writes a C++ source in which a function returns the bytes of a file.

    tools/embed.py INPUT OUTPUT HEADER FUNCTION     e.g. docs/openapi.json out.cc api/api.h api::openapi_document
"""

import sys
from pathlib import Path


def source(content, header, function):
    namespace, name = function.rsplit("::", 1)
    rows = [", ".join(f"0x{byte:02x}" for byte in content[at:at + 24]) for at in range(0, len(content), 24)]
    return (f'#include "{header}"\n\n'
            f"namespace {namespace} {{\n\n"
            f"namespace {{\n\nconst unsigned char content[] = {{\n    " + ",\n    ".join(rows) + "};\n\n}  // namespace\n\n"
            f"std::string_view {name}()\n{{\n    return {{reinterpret_cast<const char*>(content), sizeof content}};\n}}\n\n"
            f"}}  // namespace {namespace}\n")


def main(arguments):
    if len(arguments) != 4:
        print(__doc__, file=sys.stderr)
        return 2
    given, made, header, function = arguments
    Path(made).write_text(source(Path(given).read_bytes(), header, function), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
