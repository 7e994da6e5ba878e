# SPDX-License-Identifier: Apache-2.0
"""Tests of check_includes.py: each rule on a small tree that breaks it."""

import tempfile
import unittest
from pathlib import Path

import check_includes

CMAKE = """
lamina_module(base)
lamina_module(oci DEPENDS base LIBRARIES Boost::json)
lamina_module(store DEPENDS base oci
              LIBRARIES RocksDB::rocksdb)
lamina_module(registry DEPENDS base store)
"""


class CheckIncludesTest(unittest.TestCase):
    def check(self, files: dict[str, str], cmake: str = CMAKE) -> list[str]:
        with tempfile.TemporaryDirectory() as folder:
            for name, text in {"CMakeLists.txt": cmake, **files}.items():
                path = Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            return check_includes.Checker(Path(folder)).run()

    def test_reads_the_graph(self):
        self.assertEqual(
            check_includes.module_graph(CMAKE),
            {"base": set(), "oci": {"base"}, "store": {"base", "oci"}, "registry": {"base", "store"}},
        )

    def test_accepts_what_is_allowed(self):
        self.assertEqual(
            self.check(
                {
                    "include/lamina/digest.h": '#include <array>\n#include "lamina/result.h"\n',
                    "src/store/store.h": '#include "lamina/digest.h"\n#include "store/lease.h"\n',
                    "src/store/store.cc": '#include "oci/quote.h"\n#include <rocksdb/db.h>\n',
                    "src/registry/blobs_test.cc": '#include "store/testing/fake_store.h"\n',
                    "src/store/testing/suite.h": '#include "base/testing/fake_clock.h"\n',
                }
            ),
            [],
        )

    def test_reports_each_violation(self):
        cases = {
            "against the direction": ("src/base/clock.cc", '#include "store/store.h"', "base may not include"),
            "past a module that is not named": ("src/registry/a.cc", '#include "oci/quote.h"', "depend on oci"),
            "public header of a foreign module": (
                "src/registry/a.cc", '#include "lamina/digest.h"', "depend on oci"),
            "public header that nobody owns": ("src/oci/a.cc", '#include "lamina/new.h"', "not listed"),
            "unknown module": ("src/oci/a.cc", '#include "util/strings.h"', "util is no module"),
            "file outside every module": ("src/util/a.cc", '#include "base/clock.h"', "src/util is no module"),
            "name without module": ("src/oci/a.cc", '#include "quote.h"', 'include it as "oci/quote.h"'),
            "test code in a source": (
                "src/store/a.cc", '#include "store/testing/fake_store.h"', "is for tests"),
            "library in a public header": (
                "include/lamina/client.h", "#include <boost/json.hpp>", "only standard"),
            "system header in a public header": (
                "include/lamina/client.h", "#include <unistd.h>", "only standard"),
            "module header in a public header": (
                "include/lamina/client.h", '#include "oci/quote.h"', "would not be installed"),
            "Asio in a header": ("src/oci/a.h", "#include <boost/asio/awaitable.hpp>", "in the .cc file"),
            "RocksDB in a header": ("src/oci/a.h", "#  include <rocksdb/db.h>", "in the .cc file"),
        }
        for name, (path, line, expected) in cases.items():
            with self.subTest(name):
                violations = self.check({path: f"// first line\n{line}\n"})
                self.assertEqual(len(violations), 1, violations)
                self.assertTrue(violations[0].startswith(f"{path}:2: "), violations[0])
                self.assertIn(expected, violations[0])

    def test_reports_a_cycle(self):
        violations = self.check({}, "lamina_module(base DEPENDS oci)\nlamina_module(oci DEPENDS base)\n")
        self.assertEqual(len(violations), 1, violations)
        self.assertIn("base depends on oci", violations[0])

    def test_counts_sources_that_see_a_scarce_library_through_headers(self):
        header = {"src/oci/json.h": "#include <boost/json.hpp>\n"}
        sources = {f"src/store/{i}.cc": '#include "oci/json.h"\n' for i in range(10)}
        self.assertEqual(self.check({**header, **sources}), [])
        violations = self.check({**header, **sources, "src/store/one_more.cc": '#include "oci/json.h"\n'})
        self.assertEqual(len(violations), 1, violations)
        self.assertIn("Boost.JSON is seen by 11 sources", violations[0])


if __name__ == "__main__":
    unittest.main()
