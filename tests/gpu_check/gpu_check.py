"""What the tests of scripts/gpu_check share."""
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SCRIPT = ROOT / "scripts/gpu_check"
SKIPPED = 77


def program():
    return pathlib.Path(sys.argv[1]).resolve()


def gpu_check(script, *words, **variables):
    """Its status and what it printed; ends this test where there is no PyTorch."""
    done = subprocess.run([str(script), *map(str, words)], capture_output=True, text=True, env={**os.environ, **variables})
    if done.returncode == SKIPPED:
        skip(done.stdout)
    return done.returncode, done.stdout + done.stderr


def skip(reason):
    print("skipped: " + reason)
    sys.exit(SKIPPED)


def expect(holds, text):
    if not holds:
        print("FAILED: " + text)
        sys.exit(1)


def libtorch():
    """The version that the programs are built with."""
    told = subprocess.run([program(), "checks", "--json"], capture_output=True, text=True, check=True)
    return json.loads(told.stdout)["libtorch"]
