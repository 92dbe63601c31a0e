"""What the drills share: their command line, their table, processes that end with them, studies, a PostgreSQL server.

A drill breaks what surrounds the program and says what became of it. It prints a table of what was done and ends with
PASSED (status 0), FAILED and the first fault (1), or with what is missing here (77).
"""
import argparse
import contextlib
import ctypes
import glob
import hashlib
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MODEL = ROOT / "models" / "scenes-easy.safetensors"
TEMPORARY = re.compile(r"\.spinenet-[0-9a-f]{16}\.tmp")
PR_SET_PDEATHSIG = 1

# A second or so on one core.
TRAINING = """architecture:
  base: spinenet-49
  filter_size_scale: 0.0625
  endpoints_num_filters: 8
  stem_filters: 4
  head_convs: 1
  head_filters: 8
data:
  root: ROOT
  train_annotations: annotations/train.json
  train_images: train
  val_annotations: annotations/val.json
  val_images: val
  loader_threads: 1
image_size: 128
batch: 4
epochs: 2
optimizer:
  kind: adamw
  learning_rate: 0.002
schedule:
  warmup_steps: 1
checkpoint_every: 1
seed: 1
"""

SEARCH = """algorithm:
  kind: evolution
  evolution:
    population: 3
    tournament: 2
proxy:
  recipe: training.yaml
  epochs: 1
  hold_out: 0.3
trials: 4
lag: 2
"""

# Stands for spinenet-train: a network's score is a checksum of it. `does` beside it is run before it measures.
TRAINING_PROGRAM = r"""#!/bin/sh
here=$(dirname "$0")
for word in "$@"; do
  [ "$word" = --describe ] && exec cat "$here/describe.json"
  case "$word" in architecture.base=*) architecture=${word#architecture.base=};; esac
done
while [ $# -gt 0 ]; do
  [ "$1" = --out ] && out=$2
  shift
done
echo '{"program": "spinenet", "kind": "a training run", "id": "1"}' > "$out/.spinenet"
[ -f "$here/does" ] && . "$here/does"
set -- $(cksum < "$architecture")
printf '{"step": 1, "AP": 0.%06d}\n' $(($1 % 1000000)) > "$out/metrics.jsonl"
"""


def skip(why):
    print(f"skipped: {why}")
    sys.exit(77)


def die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def kill(pid, with_signal=signal.SIGKILL):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, with_signal)


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def state(path):
    """Content, kind and times of everything at a path and below it."""
    found = {}
    for each in [path, *sorted(path.rglob("*"))] if path.is_dir() else [path]:
        is_ = each.lstat()
        facts = [is_.st_mode, is_.st_ino]
        if each.is_symlink():
            facts.append(os.readlink(each))
        elif each.is_file():
            facts += [is_.st_size, is_.st_mtime_ns, digest(each)]
        found[str(each)] = tuple(facts)
    return found


def is_whole_safetensors(path):
    content = path.read_bytes()
    if len(content) < 8:
        return False
    length = struct.unpack("<Q", content[:8])[0]
    if 8 + length > len(content):
        return False
    header = json.loads(content[8:8 + length])
    end = max((tensor["data_offsets"][1] for name, tensor in header.items() if name != "__metadata__"), default=0)
    return 8 + length + end == len(content)


def architecture_of(model):
    content = model.read_bytes()
    header = json.loads(content[8:8 + struct.unpack("<Q", content[:8])[0]])
    return json.loads(header["__metadata__"]["architecture"])


def table(rows):
    widths = [max(len(str(row[i])) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  ".join(str(cell).ljust(width) for cell, width in zip(row, widths)).rstrip())


class Drill:
    def __init__(self, description, rounds, columns):
        parser = argparse.ArgumentParser(description=description)
        parser.add_argument("program", nargs="?", help="the program spinenet")
        parser.add_argument("--program", dest="named", help="the same, by name")
        parser.add_argument("--rounds", type=int, default=rounds, help=f"how much is done; {rounds} if not given")
        parser.add_argument("--seed", type=int, default=1, help="of what is done by chance; 1 if not given")
        self.add_options(parser)
        options = self.options = parser.parse_args()
        if not (options.named or options.program):
            parser.error("PROGRAM is missing")
        self.program = os.path.abspath(options.named or options.program)
        self.rounds, self.seed = options.rounds, options.seed
        self.random = random.Random(options.seed)
        self.rows = [columns]
        self.faults = []
        self.mark = f"SPINENET_DRILL={os.getpid()}-{time.monotonic_ns()}"
        self.began = time.monotonic()

    def add_options(self, parser):
        """Further ones, of a drill that has them."""

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="spinenet_drill_"))
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # tells how far it came
        return self

    def __exit__(self, kind, error, trace):
        self.kill_all()
        if kind is not None and issubclass(kind, SystemExit):
            shutil.rmtree(self.folder, ignore_errors=True)
            return
        if error is not None:
            self.faults.append(f"{kind.__name__}: {error}")
        table(self.rows)
        print(f"seed {self.seed}, {time.monotonic() - self.began:.0f} s")
        for fault in self.faults:
            print(f"fault: {fault}")
        if self.faults:
            print(f"left to be looked at: {self.folder}")
            print(f"FAILED: {self.faults[0]}" + (f" (and {len(self.faults) - 1} more)" if self.faults[1:] else ""))
            sys.stdout.flush()
            if error is not None:
                return
            sys.exit(1)
        shutil.rmtree(self.folder, ignore_errors=True)
        print("PASSED")
        sys.exit(0)

    def row(self, *cells):
        self.rows.append(cells)

    def expect(self, holds, fault):
        if not holds:
            self.faults.append(fault)
        return holds

    def environment(self, more=None):
        environment = {**os.environ, **(more or {})}
        name, value = self.mark.split("=")
        environment[name] = value
        return {key: value for key, value in environment.items() if value is not None}

    def start(self, words, cwd, env=None, prefix=(), log=None, **options):
        """The program with these words, in a process that ends with this one; its output goes to a file beside."""
        log = log or cwd.parent / f"{cwd.name}.log"
        with open(log, "wb") as out:
            process = subprocess.Popen([*prefix, self.program, *words], cwd=cwd, env=self.environment(env), stdout=out,
                                       stderr=out, stdin=subprocess.DEVNULL, preexec_fn=die_with_parent, **options)
        process.log = log
        return process

    def run(self, words, cwd, env=None, prefix=(), timeout=1800):
        return subprocess.run([*prefix, self.program, *words], cwd=cwd, env=self.environment(env), capture_output=True,
                              text=True, errors="replace", stdin=subprocess.DEVNULL, timeout=timeout,
                              preexec_fn=die_with_parent)

    def must(self, words, cwd, **options):
        done = self.run(words, cwd, **options)
        if done.returncode != 0:
            raise RuntimeError(f"spinenet {' '.join(map(str, words))}: status {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def json(self, words, cwd, **options):
        return json.loads(self.must(words, cwd, **options))

    def processes(self):
        """Those of this drill that live, however far they are from it."""
        found = []
        for entry in glob.glob("/proc/[0-9]*"):
            with contextlib.suppress(OSError):
                if self.mark.encode() in pathlib.Path(entry, "environ").read_bytes().split(b"\0"):
                    found.append(int(entry[6:]))
        return found

    def kill_all(self):
        while living := self.processes():
            for pid in living:
                kill(pid)
            time.sleep(0.01)

    def wait_for_nobody(self, seconds=120):
        end = time.monotonic() + seconds
        while self.processes():
            if time.monotonic() > end:
                return False
            time.sleep(0.02)
        return True

    def has(self, fact):
        return not self.json(["checks", "--json"], pathlib.Path("/"))[fact].startswith("not installed")

    def need(self, *facts):
        for fact in facts:
            if not self.has(fact):
                skip(f"{fact} is not installed")

    def make_scenes(self, folder, images=12, val_images=3):
        """A data set of files that belong to nobody in particular."""
        self.must(["data", "scenes", "--out", "made", "--level", "easy", "--images", str(images), "--val-images",
                   str(val_images), "-q"], folder)
        (folder / "scenes").mkdir()
        for name in ("annotations", "train", "val"):
            shutil.copytree(folder / "made" / name, folder / "scenes" / name)
        shutil.rmtree(folder / "made")

    def trials(self, study, cwd):
        """What is the same for any number of workers and whatever happened to them."""
        shown = self.json(["study", "show", study, "--json"], cwd)["trial_list"]
        for trial in shown:
            for key in ("worker", "started", "finished", "attempts"):
                trial.pop(key)
            trial["metrics"].pop("seconds", None)
        return shown


@contextlib.contextmanager
def postgres_server_or_none():
    if not glob.glob("/usr/lib/postgresql/*/bin/postgres"):
        yield None
        return
    with PostgresServer() as server:
        yield server


def install_training(folder, does=""):
    """A folder with a training that costs nothing; the variables with which it is found."""
    folder.mkdir(parents=True)
    describe = {"task": "detect", "recipe": "seed: 1\n", "architecture": architecture_of(MODEL), "image_size": 128,
                "classes": 2}
    (folder / "describe.json").write_text(json.dumps(describe))
    (folder / "spinenet-train").write_text(TRAINING_PROGRAM)
    (folder / "spinenet-train").chmod(0o755)
    if does:
        (folder / "does").write_text(does + "\n")
    return {"SPINENET_LIBEXEC": str(folder)}


class PostgresServer:
    """On a free port of loopback, as user postgres where this is root, in a folder that goes with it."""

    def __init__(self):
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
        if not found:
            skip("PostgreSQL is not installed")
        self.binaries = pathlib.Path(found[-1])
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="spinenet_pg_"))
        self.user = []
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres")
            self.user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
        subprocess.run([*self.user, self.binaries / "initdb", "-D", self.folder / "data", "-U", "postgres", "-A",
                        "trust", "-N", "-E", "UTF8", "--locale=C"], cwd=self.folder, check=True, capture_output=True)
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        command = [*self.user, self.binaries / "postgres", "-D", self.folder / "data", "-k", self.folder]
        for setting in ("listen_addresses=127.0.0.1", f"port={self.port}", "fsync=off",
                        "dynamic_shared_memory_type=mmap"):
            command += ["-c", setting]
        with open(self.folder / "log", "a") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder,
                                            preexec_fn=die_with_parent)
        for _ in range(400):
            ready = [self.binaries / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]
            if subprocess.run(ready).returncode == 0:
                return
            time.sleep(0.05)
        raise RuntimeError("the server does not start: " + (self.folder / "log").read_text())

    def stop(self, with_signal):
        self.process.send_signal(with_signal)
        self.process.wait()

    def ask(self, statement):
        return subprocess.run([self.binaries / "psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres",
                               "-At", "-c", statement], cwd=self.folder, check=True, capture_output=True,
                              text=True).stdout.strip()

    def dump(self, name, to):
        """A database as text, of nobody in particular and without what differs between versions of the server."""
        text = subprocess.run([self.binaries / "pg_dump", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres",
                               "--no-owner", "--no-privileges", "--inserts", name], cwd=self.folder, check=True,
                              capture_output=True, text=True).stdout
        to.write_text("".join(line for line in text.splitlines(keepends=True)
                              if not line.startswith(("--", "SET ", "SELECT pg_catalog.set_config"))))

    def restore(self, name, dump):
        """A new database from a dump; its address."""
        address = self.database(name)
        subprocess.run([self.binaries / "psql", "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(self.port),
                        "-U", "postgres", "-d", name, "-f", dump], cwd=self.folder, check=True, capture_output=True)
        return address

    def database(self, name):
        self.ask(f"CREATE DATABASE {name}")
        return f"postgresql://postgres@127.0.0.1:{self.port}/{name}"
