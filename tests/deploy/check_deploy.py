"""The files of deploy/ are what their clusters take, their commands are the program's, and that of a training trains.

    check_deploy.py PROGRAM [--train]     --train starts the training of train.k8s.yaml as its pods would, on this machine

Exit status 77: PyYAML is not there.
"""
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

try:
    import yaml
except ImportError:
    system = "/usr/bin/python3"  # the one that Debian's python3-yaml is for
    if sys.executable != system and subprocess.run([system, "-c", "import yaml"], capture_output=True).returncode == 0:
        os.execv(system, [system, *sys.argv])
    print("skipped: no PyYAML here (Debian: python3-yaml)")
    sys.exit(77)

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
DEPLOY = ROOT / "deploy"
PROGRAM = ""
TRAINS = False


def documents(name):
    return [d for d in yaml.safe_load_all((DEPLOY / name).read_text()) if d is not None]


def one(name, kind):
    found = [d for d in documents(name) if d["kind"] == kind]
    if len(found) != 1:
        raise AssertionError(f"{name} has {len(found)} of kind {kind}")
    return found[0]


def container(job):
    (only,) = job["spec"]["template"]["spec"]["containers"]
    return only


def environment(job):
    return {entry["name"]: entry.get("value") for entry in container(job)["env"]}


class Commands(unittest.TestCase):
    """Each flag behind a verb is one of its help, and each path of the project in a file exists."""

    def check(self, text):
        for verb, rest in re.findall(r"\bspinenet[,\s]+(\w+)\b([^\n\]]*)", text):
            shown = subprocess.run([PROGRAM, verb, "--help"], capture_output=True, text=True)
            self.assertEqual(shown.returncode, 0, f"spinenet {verb} is no verb")
            for flag in re.findall(r"(?<![\w-])(--[a-z][\w-]*)", rest):
                self.assertIn(flag, shown.stdout, f"spinenet {verb} has no {flag}")
        for path in re.findall(r"\b((?:recipes|deploy)/[\w./-]*\w)", text):
            self.assertTrue((ROOT / path).exists(), f"{path} does not exist")

    def test_every_file(self):
        files = sorted(DEPLOY.iterdir())
        self.assertTrue(files)
        for file in files:
            with self.subTest(file.name):
                text = file.read_text()
                self.assertIn("spinenet", text)
                self.check(re.sub(r"\\\n\s*", " ", text))

    def test_shell_scripts(self):
        for file in DEPLOY.glob("*.slurm"):
            with self.subTest(file.name):
                self.assertEqual(subprocess.run(["bash", "-n", file]).returncode, 0)
        script = container(one("train.k8s.yaml", "Job"))["args"][0]
        self.assertEqual(subprocess.run(["sh", "-n", "-c", script]).returncode, 0)


class Search(unittest.TestCase):
    def test_its_workers_are_the_jobs_pods(self):
        spec = one("search.k8s.yaml", "Job")["spec"]
        self.assertEqual(spec["parallelism"], spec["completions"])
        command = container(one("search.k8s.yaml", "Job"))["command"]
        self.assertEqual(command[command.index("--workers") + 1], "1")


class Training(unittest.TestCase):
    def setUp(self):
        self.job = one("train.k8s.yaml", "Job")
        self.service = one("train.k8s.yaml", "Service")

    def test_its_pods_find_each_other(self):
        spec, variables = self.job["spec"], environment(self.job)
        self.assertEqual(spec["completionMode"], "Indexed")
        self.assertEqual(spec["parallelism"], spec["completions"])
        self.assertEqual(variables["WORLD_SIZE"], str(spec["completions"]))
        self.assertEqual(self.service["spec"]["clusterIP"], "None")
        self.assertTrue(self.service["spec"]["publishNotReadyAddresses"])
        self.assertEqual(self.service["spec"]["selector"], {"job-name": self.job["metadata"]["name"]})
        service = self.service["metadata"]["name"]
        self.assertEqual(spec["template"]["spec"]["subdomain"], service)
        # The pod of index 0 of an Indexed Job has the job's name with -0 as its host name.
        self.assertEqual(variables["MASTER_ADDR"], f"{self.job['metadata']['name']}-0.{service}")
        self.assertEqual(variables["MASTER_PORT"], str(self.service["spec"]["ports"][0]["port"]))
        (rank,) = [e for e in container(self.job)["env"] if e["name"] == "RANK"]
        self.assertIn("job-completion-index", rank["valueFrom"]["fieldRef"]["fieldPath"])

    def test_its_mounts_are_volumes(self):
        volumes = {volume["name"] for volume in self.job["spec"]["template"]["spec"]["volumes"]}
        mounts = container(self.job)["volumeMounts"]
        self.assertEqual({mount["name"] for mount in mounts}, volumes)
        for name in ("RECIPE", "DATA", "RUN"):
            value = environment(self.job)[name]
            self.assertTrue(any(value.startswith(mount["mountPath"] + "/") for mount in mounts), value)


def free_port():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


RECIPE = """
task: detect
image_size: 128
batch: 4
epochs: 40
eval_every: 1000
log_every: 1
checkpoint_every: 2
device: cpu
threads: 1
architecture: {base: r0-sp53, filter_size_scale: 0.07, head_convs: 1, head_filters: 8, endpoints_num_filters: 8, stem_filters: 8}
data:
  train_annotations: annotations/train.json
  val_annotations: annotations/train.json
  train_images: train
  val_images: train
"""


class Pods(unittest.TestCase):
    """The command of the pods with their variables, two of them, on the loopback interface."""

    def setUp(self):
        if not TRAINS:
            self.skipTest("without --train")
        self.folder = tempfile.TemporaryDirectory()
        root = pathlib.Path(self.folder.name)
        made = subprocess.run([PROGRAM, "data", "scenes", "--out", root / "data", "--level", "easy", "--images", "8",
                               "--val-images", "2"], capture_output=True, text=True)
        if made.returncode != 0:
            self.skipTest("no scenes can be made here: " + made.stderr)
        (root / "recipe.yaml").write_text(RECIPE)
        self.root, self.port = root, free_port()
        self.job = one("train.k8s.yaml", "Job")

    def tearDown(self):
        if TRAINS and hasattr(self, "folder"):
            self.folder.cleanup()

    def start(self, rank):
        wanted = container(self.job)
        variables = dict(os.environ, **{k: v for k, v in environment(self.job).items() if v is not None})
        variables.update(RANK=str(rank), WORLD_SIZE="2", MASTER_ADDR="localhost", MASTER_PORT=str(self.port),
                         RECIPE=str(self.root / "recipe.yaml"), DATA=str(self.root / "data"),
                         RUN=str(self.root / "run"),
                         PATH=f"{pathlib.Path(PROGRAM).parent}:{os.environ['PATH']}")
        with open(self.root / f"log{rank}", "a") as log:
            return subprocess.Popen([*wanted["command"], *wanted["args"]], env=variables, stdout=log, stderr=log)

    def logs(self):
        return "\n".join(file.read_text() for file in sorted(self.root.glob("log*")))

    def test_a_pod_that_dies_ends_all_and_the_next_start_goes_on(self):
        pods = [self.start(rank) for rank in range(2)]
        try:
            until = time.monotonic() + 120
            while not list((self.root / "run").glob("checkpoints/step-*.safetensors")) and time.monotonic() < until:
                self.assertIsNone(pods[0].poll(), self.logs())
                time.sleep(0.1)
            pods[1].send_signal(signal.SIGKILL)
            pods[1].wait()
            self.assertEqual(pods[0].wait(timeout=120), 1, self.logs())
            self.assertIn("another process was lost", self.logs())
            pods = [self.start(rank) for rank in range(2)]
            for pod in pods:
                self.assertEqual(pod.wait(timeout=400), 0, self.logs())
            self.assertIn("going on from", self.logs())
        finally:
            for pod in pods:
                if pod.poll() is None:
                    pod.kill()
        steps = [json.loads(line)["step"] for line in (self.root / "run/metrics.jsonl").read_text().splitlines()
                 if '"loss"' in line]
        self.assertEqual(steps, sorted(set(steps)))
        self.assertTrue((self.root / "run/last.safetensors").exists())


if __name__ == "__main__":
    arguments = sys.argv[1:]
    TRAINS = "--train" in arguments
    (PROGRAM,) = [os.path.abspath(a) for a in arguments if a != "--train"]
    unittest.main(argv=sys.argv[:1], verbosity=2)
