#!/usr/bin/env python3
"""Three hosts: PostgreSQL on one, a worker on each of the two others; one is cut off for longer than its lease.

    three_hosts.py STORE_WORKER [--cut SECONDS]

The hosts are network namespaces joined by a bridge, so it needs root and `ip`; without them it says so and ends with 77.
It passes when the other worker has taken the cut one's trial over, the cut one's late report is refused, and all trials
are those of one undisturbed worker.
"""
import argparse
import ctypes
import glob
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

TRIALS, LAG, LEASE = 200, 8, 2
PR_SET_PDEATHSIG = 1


def skip(why):
    print(f"skipped: {why}")
    sys.exit(77)


def die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def run(*words, **options):
    return subprocess.run(words, check=True, capture_output=True, text=True, **options)


class Hosts:
    """A bridge in a namespace of its own and three hosts at its ports, 10.77.0.1 to .3; nothing of it outlives this."""

    def __init__(self):
        self.names = [f"spn{os.getpid()}{role}" for role in ("net", "db", "one", "two")]

    def __enter__(self):
        try:
            for name in self.names:
                run("ip", "netns", "add", name)
            net = self.names[0]
            run("ip", "-n", net, "link", "add", "bridge", "type", "bridge")
            run("ip", "-n", net, "link", "set", "bridge", "up")
            for i, name in enumerate(self.names[1:], 1):
                run("ip", "-n", net, "link", "add", f"port{i}", "type", "veth", "peer", "name", "eth", "netns", name)
                run("ip", "-n", net, "link", "set", f"port{i}", "master", "bridge", "up")
                run("ip", "-n", name, "address", "add", f"10.77.0.{i}/24", "dev", "eth")
                run("ip", "-n", name, "link", "set", "eth", "up")
                run("ip", "-n", name, "link", "set", "lo", "up")
        except subprocess.CalledProcessError as error:
            self.__exit__()
            skip(f"no network namespaces here: {error.stderr.strip()}")
        return self

    def __exit__(self, *_):
        for name in self.names:
            subprocess.run(["ip", "netns", "delete", name], capture_output=True)

    def inside(self, host):
        return ["ip", "netns", "exec", self.names[host]]

    def link(self, host, state):
        run("ip", "-n", self.names[0], "link", "set", f"port{host}", state)


class Server:
    """PostgreSQL on host 1, as user postgres, in a folder that goes with it."""

    def __init__(self, hosts, binaries):
        self.hosts, self.binaries = hosts, pathlib.Path(binaries)

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="spinenet_pg_")
        shutil.chown(self.folder, "postgres")
        user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
        data = f"{self.folder}/data"
        run(*user, str(self.binaries / "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8",
            "--locale=C", cwd=self.folder)
        with open(f"{data}/pg_hba.conf", "a") as rules:
            rules.write("host all all 10.77.0.0/24 trust\n")
        command = [*self.hosts.inside(1), *user, str(self.binaries / "postgres"), "-D", data, "-k", self.folder, "-c",
                   "listen_addresses=10.77.0.1", "-c", "fsync=off", "-c", "dynamic_shared_memory_type=mmap"]
        with open(f"{self.folder}/log", "w") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder)
        ready = [*self.hosts.inside(2), str(self.binaries / "pg_isready"), "-q", "-h", "10.77.0.1"]
        for _ in range(200):
            if subprocess.run(ready).returncode == 0:
                return self
            time.sleep(0.1)
        log = open(f"{self.folder}/log").read()
        self.__exit__()
        sys.exit(f"the server does not start: {log}")

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Worker:
    def __init__(self, hosts, host, program, place, try_seconds):
        self.log = tempfile.NamedTemporaryFile("r", prefix="spinenet_worker_")
        command = [*hosts.inside(host), program, "work", place, str(TRIALS), str(LAG), str(LEASE), str(try_seconds)]
        with open(self.log.name, "w") as out:
            self.process = subprocess.Popen(command, stdout=out, preexec_fn=die_with_parent)

    def lines(self):
        self.log.seek(0)
        return [tuple(line.split()) for line in self.log.read().splitlines()]

    def wait_for(self, found, what, seconds=60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            answer = found(self.lines())
            if answer:
                return answer
            if self.process.poll() not in (None, 0):
                break
            time.sleep(0.02)
        raise AssertionError(f"no {what}; status {self.process.poll()}, log {self.lines()[-5:]}")


def cut_one_off(hosts, cut, other, seconds):
    """Cuts host 2 while its worker tries a trial; that trial's number and token."""

    def tries_another(lines):
        return lines[-1] if lines and lines[-1][0] == "claimed" and any(line[0] == "done" for line in lines) else None

    _, number, token = cut.wait_for(tries_another, "second claim of the worker to be cut")
    hosts.link(2, "down")
    start = time.monotonic()
    other.wait_for(lambda lines: any(line[:2] == ("done", number) for line in lines), f"take-over of trial {number}")
    taken_over = time.monotonic() - start
    time.sleep(max(0, seconds - taken_over))
    hosts.link(2, "up")
    print(f"trial {number} was taken over {taken_over:.1f} s after the cut; the link was down for "
          f"{time.monotonic() - start:.1f} s")
    return number, token


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--cut", type=float, default=4, help="seconds")
    options = parser.parse_args()
    options.program = os.path.abspath(options.program)
    binaries = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
    if os.geteuid() != 0:
        skip("needs root")
    if not shutil.which("ip") or not shutil.which("setpriv"):
        skip("needs ip and setpriv")
    if not binaries:
        skip("PostgreSQL is not installed")
    with Hosts() as hosts, Server(hosts, binaries[-1]):
        place = "postgresql://postgres@10.77.0.1/postgres"
        cut = Worker(hosts, 2, options.program, place, 0.3)
        other = Worker(hosts, 3, options.program, place, 0.02)
        number, token = cut_one_off(hosts, cut, other, options.cut)
        cut.wait_for(lambda lines: ("refused", number, token) in lines, f"refusal of the late report of trial {number}")
        for worker in (cut, other):
            assert worker.process.wait(timeout=120) == 0, worker.lines()[-3:]
        done = [line[1] for worker in (cut, other) for line in worker.lines() if line[0] == "done"]
        assert len(done) == len(set(done)), "a trial was accepted twice"
        check = subprocess.run([*hosts.inside(3), options.program, "check", place, str(TRIALS), str(LAG)],
                               capture_output=True, text=True)
        print(check.stdout, end="")
        assert check.returncode == 0, check.stderr


if __name__ == "__main__":
    main()
