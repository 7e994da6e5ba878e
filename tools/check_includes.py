#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks what the sources include against the module graph.

The graph is the `lamina_module` lines of CMakeLists.txt. A file of src/<module>/ may include headers of its
module and of the modules that the line names after DEPENDS, no others; headers of testing/ only from tests
and other testing/ files. A header of include/lamina/ is open to those who depend on the module behind it.
Public headers include the standard library and each other. Heavy libraries stay out of headers, and Beast
and Boost.JSON in few sources, since they decide how long a build takes.

Usage: check_includes.py [ROOT]; prints one line a violation and exits 1 when there is any.
"""

import re
import sys
from collections import defaultdict
from pathlib import Path

# The module that implements each header of include/lamina/.
PUBLIC_HEADERS = {
    "result": "base",
    "stream": "base",
    "digest": "oci",
    "reference": "oci",
    "descriptor": "oci",
    "manifest": "oci",
    "identity": "oci",
    "archive": "archive",
    "client": "client",
    "kubernetes": "cluster",
}

HEAVY_IN_HEADERS = re.compile(r"^(boost/(asio|beast)[/.]|rocksdb/|curl/)")
# Headers that may include a heavy library all the same: path from the root, and why.
HEAVY_HEADERS_ALLOWED = {
    "src/http/exchange.h": "handlers are coroutines of Asio",
    "src/http/workers.h": "moves such a coroutine to another thread",
    "src/http/tcp_stream.h": "wraps a socket of Asio; two sources see it",
}

# Library -> (pattern of its headers, most sources that may see it, directly or through a header).
SCARCE = {
    "Boost.Beast": (re.compile(r"^boost/beast[/.]"), 10),
    "Boost.JSON": (re.compile(r"^boost/json[/.]"), 10),
}

INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)


def module_graph(cmake: str, wanted: str = "DEPENDS") -> dict[str, set[str]]:
    """The modules of CMakeLists.txt's text, each with those that it depends on; with "TEST_DEPENDS", those that
    only its tests depend on."""
    graph = {}
    for arguments in re.findall(r"^lamina_module\(([^)]*)\)", cmake, re.MULTILINE):
        name, *rest = arguments.split()
        section, depends = None, set()
        for word in rest:
            if word in ("DEPENDS", "TEST_DEPENDS", "LIBRARIES"):
                section = word
            elif section == wanted:
                depends.add(word)
        graph[name] = depends
    return graph


def includes_of(text: str) -> list[tuple[int, str, bool]]:
    """(line, header, whether in quotes) of each include."""
    return [
        (text.count("\n", 0, match.start()) + 1, match[1] or match[2], match[1] is not None)
        for match in INCLUDE.finditer(text)
    ]


class Checker:
    def __init__(self, root: Path):
        self.root = root
        self.violations: list[str] = []
        self.graph = module_graph((root / "CMakeLists.txt").read_text())
        self.test_graph = module_graph((root / "CMakeLists.txt").read_text(), "TEST_DEPENDS")
        files = sorted(
            path
            for folder in ("include/lamina", "src")
            for path in (root / folder).rglob("*")
            if path.suffix in (".cc", ".h")
        )
        self.includes = {
            str(path.relative_to(root)): includes_of(path.read_text()) for path in files
        }

    def run(self) -> list[str]:
        self.check_graph()
        for path, includes in self.includes.items():
            for line, header, quoted in includes:
                reason = self.objection(path, header, quoted)
                if reason:
                    self.violations.append(f"{path}:{line}: {reason}")
        self.check_scarce()
        return self.violations

    def check_graph(self):
        """Every module stands below those that it depends on, so there is no cycle."""
        seen: set[str] = set()
        for module, depends in self.graph.items():
            for missing in sorted(depends - seen):
                self.violations.append(
                    f"CMakeLists.txt: {module} depends on {missing}, which does not stand above it"
                )
            seen.add(module)

    def objection(self, path: str, header: str, quoted: bool) -> str | None:
        if path.endswith(".h") and HEAVY_IN_HEADERS.match(header):
            if path not in HEAVY_HEADERS_ALLOWED:
                return f"a header includes <{header}>: include it in the .cc file"
        if path.startswith("include/lamina/"):
            return self.objection_in_public(header, quoted)
        return self.objection_in_module(path, header) if quoted else None

    def objection_in_public(self, header: str, quoted: bool) -> str | None:
        if not quoted:
            # Headers of the standard library have neither a folder nor a suffix.
            if "/" in header or "." in header:
                return f"a public header includes <{header}>: only standard and lamina/ headers are allowed"
        elif not header.startswith("lamina/"):
            return f'a public header includes "{header}": it would not be installed'
        return None

    def objection_in_module(self, path: str, header: str) -> str | None:
        module = path.split("/")[1]
        if module not in self.graph:
            return f"src/{module} is no module of CMakeLists.txt"
        owner, _, rest = header.partition("/")
        if not rest:
            return f'"{header}" has no module: include it as "{module}/{header}"'
        if owner == "lamina":
            owner = PUBLIC_HEADERS.get(rest.removesuffix(".h"))
            if owner is None:
                return f'"{header}" is not listed in tools/check_includes.py'
        elif owner not in self.graph:
            return f'"{header}": {owner} is no module of CMakeLists.txt'
        for_tests = path.endswith("_test.cc") or "/testing/" in path
        allowed = {module} | self.graph[module] | (self.test_graph[module] if for_tests else set())
        if owner not in allowed:
            return f'{module} may not include "{header}": CMakeLists.txt does not let it depend on {owner}'
        if rest.startswith("testing/") and not for_tests:
            return f'"{header}" is for tests'
        return None

    def check_scarce(self):
        for library, (pattern, most) in SCARCE.items():
            direct = {
                path
                for path, includes in self.includes.items()
                if any(pattern.match(header) for _, header, _ in includes)
            }
            sources = sorted(path for path in self.reached_from(direct) if path.endswith(".cc"))
            if len(sources) > most:
                self.violations.append(
                    f"{library} is seen by {len(sources)} sources, at most {most} may: {' '.join(sources)}"
                )

    def reached_from(self, paths: set[str]) -> set[str]:
        """These files and all that include them, directly or not."""
        includers = defaultdict(set)
        for path, includes in self.includes.items():
            for _, header, quoted in includes:
                if quoted:
                    folder = "include" if header.startswith("lamina/") else "src"
                    includers[f"{folder}/{header}"].add(path)
        reached, waiting = set(), list(paths)
        while waiting:
            path = waiting.pop()
            if path not in reached:
                reached.add(path)
                waiting.extend(includers[path])
        return reached


def main() -> int:
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent
    checker = Checker(root)
    violations = checker.run()
    print("\n".join(violations or [f"{len(checker.includes)} files include only what they may"]))
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
