"""`make mutants`: take each guard away in a copy of the tree, and see that the tests that hold it fail.

Without a patch all those tests have to pass first: one that fails anyway shows nothing. Names of mutants run these
alone.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from tasks.local import services as local_services
from tests.memory import forget
from tests.mutants.read import PROJECT, Mutant, apply, read_mutants

# A guard against waiting, taken away, may make a test wait for ever.
MAX_SECONDS = 180
MAX_SECONDS_OF_ALL = 1200
PASSED, FAILED = 0, 1


def main(arguments):
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="a mutant's name; none: all of them")
    names = parser.parse_args(arguments).names
    mutants = read_mutants()
    if unknown := sorted(set(names) - {mutant.name for mutant in mutants}):
        parser.error(f"there is no mutant {', '.join(unknown)}; they are the files of tests/mutants/")
    chosen = [mutant for mutant in mutants if not names or mutant.name in names]
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder, services(Path(folder, "services")):
        # git is not to take the copy for a part of a repository around it.
        os.environ["GIT_CEILING_DIRECTORIES"] = str(Path(folder).resolve())
        return try_all(chosen, Path(folder, "tree"), Path(folder, "base"))


def try_all(chosen, tree, base):
    began = time.monotonic()
    copy_tracked(tree)
    tests = sorted({test for mutant in chosen for test in mutant.tests})
    code, said = run_tests(tree, base, tests, MAX_SECONDS_OF_ALL, "-n", "0", "-x")
    if code != PASSED:
        print(f"{said}\nThe tests have to pass as they are, before a guard is taken away.")
        return 1
    print(f"{len(tests)} tests pass as they are ({time.monotonic() - began:.0f} s)", flush=True)
    verdicts = [try_one(mutant, tree, base) for mutant in chosen]
    killed = verdicts.count("killed")
    seconds = time.monotonic() - began
    print(f"{len(chosen)} mutants: {killed} killed, {len(chosen) - killed} not ({seconds:.0f} s)")
    return 0 if killed == len(chosen) else 1


@contextmanager
def services(folder):
    """Let all sessions of pytest have the services of one folder, and end them."""
    folder.mkdir()
    os.environ |= {"TEST_SERVICES": str(folder), "TEST_TEMPLATE": "mutants"}
    try:
        yield
    finally:
        local_services.stop(folder)
        forget(folder)


def copy_tracked(tree):
    """Copy what git knows of, as it stands in the working tree."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (PROJECT / name).exists():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT / name, tree / name)


def try_one(mutant: Mutant, tree, base):
    """Apply a patch, run its tests, take it back; say and return what came of it."""
    began = time.monotonic()
    if problem := apply(mutant, tree):
        verdict = "DOES NOT APPLY"
        problem = f": {problem}; make the change again, and put its `git diff -U1` below the head of the file"
    else:
        is_sql = "\n--- a/sql/" in mutant.path.read_text("utf-8")
        code, said = run_tests(tree, base, mutant.tests, MAX_SECONDS, "-n", "0", "-x", own_template=is_sql)
        verdict = {PASSED: "SURVIVED", FAILED: "killed"}.get(code, "BROKEN")
        problem = "" if verdict == "killed" else f": {mutant.takes_away}"
        if verdict == "BROKEN":
            problem += f" (pytest ended with {code})\n{said}"
        assert not apply(mutant, tree, "--reverse"), mutant.name
    print(f"{verdict:9} {mutant.name} {time.monotonic() - began:.1f} s{problem}", flush=True)
    return verdict


def run_tests(tree, base, tests, seconds, *options, own_template=False):
    """Run tests in the tree; return pytest's exit code and what it said. What takes too long has failed.

    own_template: the database that those of the tests are made from is rebuilt from the SQL of the tree.
    """
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        f"--basetemp={base}",
        *options,
        *tests,
    ]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    if own_template:
        del environment["TEST_TEMPLATE"]
    process = subprocess.Popen(
        command, cwd=tree, env=environment, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        said, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        said, _ = process.communicate()
        stop = [
            sys.executable,
            "-m",
            "tasks.local.services",
            "stop",
            "--project",
            str(base / "services"),
        ]
        subprocess.run(stop, cwd=PROJECT, capture_output=True, check=False)
        return FAILED, f"{said}\nit took more than {seconds} s"
    return process.returncode, said


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
