# SPDX-License-Identifier: Apache-2.0
"""Runs the test_*.py of a folder and ends with `N passed, N failed`; a skipped test counts as failed."""

import pathlib
import sys
import unittest


def names(folder):
    """What there is to run: `oras` for test_oras.py."""
    return sorted(path.stem.removeprefix("test_") for path in pathlib.Path(folder).glob("test_*.py"))


def add_arguments(parser, folder):
    parser.add_argument("name", nargs="*", help=f"{', '.join(names(folder))} (default: all)")
    parser.add_argument("-k", metavar="PATTERN", action="append", help="only tests whose name contains this")


def run(parser, arguments, folder):
    """Runs what the arguments choose; returns the exit status."""
    unknown = set(arguments.name) - set(names(folder))
    if unknown:
        parser.error(f"no tests of {', '.join(sorted(unknown))}; there are {', '.join(names(folder))}")
    loader = unittest.TestLoader()
    loader.testNamePatterns = [f"*{pattern}*" for pattern in arguments.k or ()] or None
    suite = unittest.TestSuite(
        loader.loadTestsFromName(f"test_{name}") for name in arguments.name or names(folder)
    )
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(suite)
    # A test may fail in several ways, in parts of it too: it counts once.
    troubles = [test for test, _ in result.failures + result.errors + result.skipped]
    failed = len({getattr(test, "test_case", test).id() for test in troubles + result.unexpectedSuccesses})
    print(f"{max(0, result.testsRun - failed)} passed, {failed} failed", flush=True)
    return 1 if failed or not result.testsRun else 0
