"""Items 9, 10, 15 and 23: addresses with passwords, odd study files, and what may only be read."""
import contextlib
import os
import pathlib
import sqlite3

from .place import drill, each, neighbour, no_rights

STUDY = "evolution.study"
SECRET = "hunter2secret"


@each(9, "{verb} does not print the password of {what}", [
    dict(verb="study show", what="postgres://", address=f"postgres://u:{SECRET}@127.0.0.1:1/x"),
    dict(verb="study best", what="an address", address=f"postgresql://u:{SECRET}@127.0.0.1:1/x"),
    dict(verb="study show", what="a parameter", address=f"postgresql://u@127.0.0.1:1/x?password={SECRET}"),
    dict(verb="study export", what="an address with a wrong port", address=f"postgresql://u:{SECRET}@127.0.0.1:port/x"),
    dict(verb="study show", what="a parameter of many", address=f"postgresql://u@127.0.0.1:1/x?connect_timeout=2&"
                                                              f"password={SECRET}&sslmode=disable"),
    dict(verb="study best", what="an address with an unknown parameter", address=f"postgresql://u:{SECRET}@127.0.0.1:1/x?no=1"),
    dict(verb="search", what="an address", address=f"postgresql://u:{SECRET}@127.0.0.1:1/x"),
])
def password(at, verb, what, address):
    words = [*verb.split(), address]
    if verb == "study export":
        words += ["--csv", "x.csv"]
    if verb == "search":
        at.training()
        words = ["search", at.search_recipe(), "--study", address]
    ended = at.ends(at.run(*words))
    at.must(ended.status != 0, "succeeds without a server")
    at.must(SECRET not in ended.said, f"prints it: {ended.tail}")


@contextlib.contextmanager
def study_behind_a_password(at):
    """The address of a study with a trial, on a server that takes any password."""
    at.training()
    with drill.PostgresServer() as server:
        address = server.database("study").replace("postgres@", f"postgres:{SECRET}@")
        ended = at.succeeds(at.run("search", at.search_recipe(), "--study", address, "--trials", "1", "--threads", "1"))
        yield address, ended


@each(9, "the password of a study does not appear in what {what}", [
    dict(what="search says", words=None), dict(what="study show says", words=["show"]),
    dict(what="study show --json says", words=["show", "--json"]),
    dict(what="study export writes into the page", words=["export", "--html", "page.html"]),
    dict(what="study export writes as JSON", words=["export", "--json", "study.json"]),
])
def password_of_a_study(at, what, words):
    with study_behind_a_password(at) as (address, ended):
        if words:
            ended = at.succeeds(at.run("study", words[0], address, *words[1:]))
        written = "".join(path.read_text() for path in [*at.folder.glob("*.html"), *at.folder.glob("study.json")])
        at.must(SECRET not in ended.said + written, "it does")


@neighbour(9, "the password of a study does not stand in the command line of a worker")
def password_of_a_worker(at):
    with study_behind_a_password(at) as (address, _):
        process = at.start("search", "search.yaml", "--study", address, "--trials", "3", "--threads", "1", "--workers",
                           "2")
        lines = set()
        while os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            for pid in at.drill.processes():
                with contextlib.suppress(OSError):
                    line = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
                    if pid != process.pid and "spinenet" in line[0]:
                        lines.add(" ".join(line))
        at.wait(process, at.patience)
        at.must(lines, "no worker was seen")
        at.must(not any(SECRET in line for line in lines), "it does")


def changed_study(at, *statements):
    at.copy(STUDY)
    with contextlib.closing(sqlite3.connect(at.path(STUDY))) as database:
        for statement in statements:
            database.execute(statement)
        database.commit()


@each(10, "{verb} of a study of version {version}", [
    dict(verb="show", version=-2), dict(verb="best", version=-2147483649), dict(verb="export", version=-(2**63)),
    dict(verb="show", version=-1000000), dict(verb="search", version=-3),
])
def version(at, verb, version):
    changed_study(at, f"UPDATE spinenet_version SET version = {version}")
    words = {"search": ["search", at.search_recipe(), "--study", STUDY],
             "export": ["study", "export", STUDY, "--csv", "x.csv"]}.get(verb, ["study", verb, STUDY])
    if verb == "search":
        at.training()
    at.refuses(at.run(*words), ("version", "ersion"))


ENDLESS = "WITH RECURSIVE endless(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM endless)"


def view(table, columns):
    return [f"ALTER TABLE {table} RENAME TO kept",
            f"CREATE VIEW {table} AS {ENDLESS} SELECT {columns} FROM kept, endless"]


@each(15, "study {verb} of a file with {what}", [
    dict(verb="show", what="an endless view as its state", statements=view("spinenet_state", "kept.*")),
    dict(verb="best", what="an endless view as its trials", statements=view("spinenet_trial", "kept.*")),
    dict(verb="show", what="an endless view as its version", statements=view("spinenet_version", "kept.*")),
    dict(verb="show", what="a text as the number of complete trials",
         statements=["UPDATE spinenet_study SET complete = 'three'"]),
    dict(verb="best", what="a blob as the best trial", statements=["UPDATE spinenet_study SET best = x'00ff'"]),
    dict(verb="best", what="a best trial below all", statements=["UPDATE spinenet_study SET best = -7"]),
    dict(verb="show", what="metrics that are a list", statements=["UPDATE spinenet_trial SET metrics = '[1,2]'"]),
    dict(verb="show", what="a text as the start", statements=["UPDATE spinenet_trial SET started = 'soon'"]),
    dict(verb="show", what="a state that there is not", statements=["UPDATE spinenet_trial SET state = 'asleep'"]),
    dict(verb="show", what="a metric that is a text", statements=["UPDATE spinenet_trial SET metrics = '{\"AP\":\"x\"}'"]),
])
def odd_study(at, verb, what, statements):
    changed_study(at, *statements)
    ended = at.ends(at.run("study", verb, STUDY, cpu=5))
    at.must(ended.status != 0, "is taken for a study")


@each(15, "search of a file with {what}", [
    dict(what="a trigger on its trials", table="spinenet_trial", event="INSERT"),
    dict(what="a trigger on its study", table="spinenet_study", event="UPDATE"),
    dict(what="a trigger on its state", table="spinenet_state", event="UPDATE"),
])
def triggered(at, what, table, event):
    changed_study(at, f"CREATE TRIGGER t AFTER {event} ON {table} BEGIN DELETE FROM spinenet_trial WHERE number = 0; END")
    at.training()
    at.refuses(at.run("search", at.search_recipe(), "--study", STUDY, "--trials", "4", "--threads", "1"))
    with contextlib.closing(sqlite3.connect(at.path(STUDY))) as database:
        at.must(database.execute("SELECT count(*) FROM spinenet_trial").fetchone()[0] == 3, "the trials were changed")


@each(23, "study {verb} of a file that may only be read, in a folder of others", [
    dict(verb="best"), dict(verb="show --json"), dict(verb="show -n 1"),
])
def read_only_study(at, verb):
    at.copy(STUDY, f"closed/{STUDY}").chmod(0o444)
    at.path("closed").chmod(0o555)
    words = verb.split()
    at.succeeds(at.run("study", words[0], f"closed/{STUDY}", *words[1:], prefix=no_rights()))


CLOSED = [
    dict(what="describe of a file", words=["describe", "closed/detector.safetensors"]),
    dict(what="predict of a folder", words=["predict", "detector.safetensors", "closed/deeper"]),
    dict(what="predict of an image", words=["predict", "detector.safetensors", "closed/deeper/000001.jpg"]),
    dict(what="data check --images", words=["data", "check", "t.json", "--images", "closed/deeper"]),
    dict(what="eval --images", words=["eval", "classifier.safetensors", "--images", "closed/deeper"]),
    dict(what="study show", words=["study", "show", "closed/evolution.study"]),
    dict(what="train", words=["train", "closed/detect.yaml"]),
    dict(what="an output", words=["describe", "detector.safetensors", "--svg", "closed/deeper/x.svg"]),
]


@each(23, "{what} in a folder that may not be entered names the reason", CLOSED)
def closed_folder(at, what, words):
    for name in ("detector.safetensors", "classifier.safetensors"):
        at.copy(name)
    at.put_json("t.json", at.coco())
    for name in ("detector.safetensors", STUDY, "detect.yaml"):
        at.copy(name, f"closed/{name}")
    at.copy("data/val", "closed/deeper")
    at.path("closed").chmod(0o700 if os.geteuid() == 0 else 0)
    try:
        ended = at.run(*words, prefix=no_rights())
    finally:
        at.path("closed").chmod(0o700)
    at.refuses(ended, "ermission denied", "closed")
