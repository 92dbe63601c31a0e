"""A case of the drill `neighbours`: what it is, and the place in which it is tried."""
import contextlib
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import drill  # noqa: E402

CASES = []
# What version e6c4103 did right already: no neighbours of its faults, but of the same kinds.
HELD_BEFORE = set((pathlib.Path(__file__).parent / "held_before.txt").read_text().splitlines())
# What an error may end with; 70 and above 128 are faults of the program and signals.
REFUSALS = (1, 2, 65)
TRAINING_VERBS = ("train", "search", "compare")
CRASH_WORDS = ("fault of the program", "terminate called", "stoll", "bad_alloc", "basic_string", "filesystem error")


class Broken(Exception):
    """What a case asks for does not hold."""


class NotHere(Exception):
    """What a case needs and this machine does not have."""


class Case:
    def __init__(self, item, what, does):
        self.item, self.what, self.does = item, what, does
        self.held_before = f"{item}: {what}" in HELD_BEFORE


def neighbour(item, title, /, **facts):
    """Adds the function below as a case of an item; `facts` are its further arguments."""
    def add(does):
        CASES.append(Case(item, title.format(**facts) if facts else title, lambda at: does(at, **facts)))
        return does
    return add


def each(item, title, rows):
    """A case for each row, which is a dictionary of facts."""
    def add(does):
        for row in rows:
            neighbour(item, title, **row)(does)
        return does
    return add


class Ended:
    def __init__(self, status, out, err, usage, late):
        self.status, self.out, self.err, self.late = status, out, err, late
        self.seconds = usage.ru_utime + usage.ru_stime  # of processor
        self.megabytes = usage.ru_maxrss / 1024
        self.said = out + err

    @property
    def tail(self):
        return self.err.strip()[-250:]


class Place:
    """An empty folder of one case, beside the inputs that all of them share."""

    def __init__(self, drill_, folder, inputs, patience):
        self.drill, self.folder, self.inputs, self.patience = drill_, folder, inputs, patience
        folder.mkdir()

    # Files.

    def path(self, name):
        return self.folder / name

    def copy(self, name, to=None):
        target = self.path(to or name)
        target.parent.mkdir(parents=True, exist_ok=True)
        source = self.inputs / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, target)
        return target

    def put(self, name, content="precious\n"):
        target = self.path(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.encode())
        return target

    def put_json(self, name, value):
        return self.put(name, json.dumps(value))

    def coco(self, part="val"):
        return json.loads((self.inputs / f"data/annotations/{part}.json").read_text())

    def architecture(self):
        return json.loads((self.inputs / "architecture.json").read_text())

    def sparse(self, name, size=6 << 30, begin=b""):
        target = self.put(name, begin)
        os.truncate(target, size)
        return target

    def training(self, name="detect.yaml", **changes):
        """A recipe of the inputs; `changes` replace its lines, with _ for the point of a key."""
        text = (self.inputs / name).read_text()
        for key, value in changes.items():
            last = key.split("__")[-1]
            text, count = re.subn(rf"(?m)^( *){last}: .*$", rf"\g<1>{last}: {value}", text)
            if count == 0:
                text += f"{last}: {value}\n"
        self.copy("data")
        self.put(name, text)
        return name

    def search_recipe(self, settings=(), more=""):
        text = (self.inputs / "search-evolution.yaml").read_text()
        if settings:
            lines = "".join(f"    - {setting}\n" for setting in settings)
            text = text.replace("  epochs: 1\n", f"  epochs: 1\n  settings:\n{lines}")
        self.put("search.yaml", text + more)
        return "search.yaml"

    @contextlib.contextmanager
    def untouched(self, *names):
        """What is at these paths stays as it is, to the byte."""
        before = {name: drill.state(self.path(name)) for name in names}
        yield
        for name in names:
            if not os.path.lexists(self.path(name)):
                raise Broken(f"{name} is gone")
            after = drill.state(self.path(name))
            for path, facts in before[name].items():
                self.must(after.get(path) == facts, f"{pathlib.Path(path).relative_to(self.folder)} was changed")

    # Command lines.

    def need_training(self, words):
        if words[0] in TRAINING_VERBS and not self.drill.trains:
            raise NotHere("spinenet-train is not installed")

    def run(self, *words, cpu=0, memory=0, largest=0, prefix=(), env=None, stdin=subprocess.DEVNULL, patience=None):
        """Limits: seconds of processor, bytes of memory, bytes of a file."""
        def limit():
            drill.die_with_parent()
            for what, most in ((resource.RLIMIT_CPU, cpu), (resource.RLIMIT_AS, memory), (resource.RLIMIT_FSIZE, largest)):
                if most:
                    resource.setrlimit(what, (most, most))
        self.need_training(words)
        command = [*prefix, self.drill.program, *map(str, words)]
        process = subprocess.Popen(command, cwd=self.folder, env=self.drill.environment(env), stdin=stdin,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=limit)
        return self.wait(process, patience or self.patience)

    def start(self, *words, **options):
        self.need_training(words)
        return subprocess.Popen([self.drill.program, *map(str, words)], cwd=self.folder, env=self.drill.environment(),
                                stdin=options.pop("stdin", subprocess.DEVNULL), stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, preexec_fn=drill.die_with_parent, **options)

    def wait(self, process, patience):
        found = {}
        readers = [threading.Thread(target=lambda name=name, pipe=pipe: found.__setitem__(name, pipe.read()))
                   for name, pipe in (("out", process.stdout), ("err", process.stderr))]
        for reader in readers:
            reader.start()
        late = threading.Timer(patience, process.kill)
        late.start()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        is_late = not late.is_alive()
        late.cancel()
        if is_late:  # what it started would hold the pipes open
            self.drill.kill_all()
        for reader in readers:
            reader.join()
        text = {name: content.decode(errors="surrogateescape") for name, content in found.items()}
        return Ended(process.returncode, text["out"], text["err"], usage, is_late)

    # What must hold.

    def must(self, holds, why):
        if not holds:
            raise Broken(why)

    def succeeds(self, ended):
        self.must(not ended.late, "does not end")
        self.must(ended.status == 0, f"status {ended.status}: {ended.tail}")
        return ended

    def refuses(self, ended, *words):
        """With a status of refusals, and each of `words` (or one of a tuple) in the message."""
        self.must(not ended.late, "does not end")
        self.must(ended.status in REFUSALS, f"status {ended.status}: {ended.tail}")
        for word in words:
            some = (word,) if isinstance(word, str) else word
            self.must(any(each in ended.err for each in some), f"the message has no \"{some[0]}\": {ended.tail}")
        self.is_no_crash(ended)
        return ended

    def is_no_crash(self, ended):
        for word in CRASH_WORDS:
            self.must(word not in ended.said, f"says \"{word}\": {ended.tail}")

    def ends(self, ended):
        """In time, with an answer or a refusal."""
        self.must(not ended.late, "does not end")
        self.must(ended.status in (0, *REFUSALS), f"status {ended.status}: {ended.tail}")
        self.is_no_crash(ended)
        return ended


def no_rights():
    """Words before a command that take the rights of root."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


def wait_for(holds, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.02)
    return False


def stop(process, with_signal=signal.SIGTERM):
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(with_signal)
