#!/usr/bin/env python3
"""The oracle: does the service answer as operator-courier does?

    tests/oracle/oracle.py --server target/release/omps-server               300 cases, as in CI
    tests/oracle/oracle.py --server target/release/omps-server --count 5000  by hand
    tests/oracle/oracle.py --server target/release/omps-server --scalars 5000
    tests/oracle/oracle.py --url http://127.0.0.1:8080 --registry http://127.0.0.1:8799
    tests/oracle/oracle.py --reference-only                                  what the cases cover

Generated variations of valid operators (`generate.py`, from `mutations.py`, `layouts.py` and `texts/`) are pushed to
the service. operator-courier 2.1.11, in a virtual environment that is made when it is missing, gives the expected
answer (`reference.py`): status, error, message, both lists in order, extracted files, repository, and what is pushed: flat,
the documents in bundle.yaml by meaning with types kept apart; nested, every file's bytes (`compare.py`).

Counted apart: cases in which the reference crashes, or does as Python does with a type that no schema allows
(`schema.py`). There its own answer and a 400 PackageValidationError are both right; a 5xx never is.

`--url` takes a service that runs, with `--registry`, the registry that it pushes to: `registry.py`, or another with
`GET /_last` and `POST /_reset`. Differences are printed as one smallest case for each kind; the exit status is then 1.
The same seed always gives the same cases, and the first N of them are the same for every larger N.
"""

import argparse
import os
import pathlib
import sys

import environment


def options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked = parser.add_mutually_exclusive_group(required=True)
    asked.add_argument("--server", type=pathlib.Path, metavar="PATH", help="an omps-server to start")
    asked.add_argument("--url", help="a service that runs")
    asked.add_argument("--reference-only", action="store_true", help="ask nobody; print what the cases cover")
    parser.add_argument("--registry", metavar="URL", help="with --url: the registry that the service pushes to")
    parser.add_argument("--count", type=int, default=300, help="number of cases (default %(default)s)")
    parser.add_argument("--scalars", type=int, metavar="N", help="N generated plain scalars instead of operators")
    parser.add_argument("--seed", type=int, default=1, help="(default %(default)s)")
    parser.add_argument("--only", metavar="TEXT", default="", help="of these cases, those with TEXT in their names")
    parser.add_argument("--keep", type=pathlib.Path, metavar="DIR", help="write the cases that differ into DIR")
    parser.add_argument(
        "--odd", action="store_true", help="show where a refusal came in place of the reference's own answer"
    )
    parser.add_argument("--groups", type=int, default=20, help="kinds of differences to print (default %(default)s)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes that ask the reference")
    parser.add_argument(
        "--venv", type=pathlib.Path, metavar="DIR", default=environment.DEFAULT, help="(default %(default)s)"
    )
    found = parser.parse_args()
    if bool(found.url) != bool(found.registry):
        parser.error("--url and --registry come together")
    return found


def main() -> int:
    """Everything, in the environment that has the reference."""
    sys.stdout.reconfigure(errors="backslashreplace")  # the cases have odd texts
    asked = options()
    environment.enter(asked.venv)
    import run  # needs the environment's packages

    return run.run(asked)


if __name__ == "__main__":
    sys.exit(main())
