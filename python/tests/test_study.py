"""Searches whose networks Python evaluates: alone, beside each other, killed, and beside the program's own workers."""
import collections
import json
import math
import os
import pathlib
import signal
import subprocess
import sys
import textwrap
import threading
import time
import unittest

import spinenet_cpp
from spinenet_cpp import Architecture, Study
from support import FolderTest, PROGRAM

TRAINING = os.environ.get("SPINENET_TRAINING_PROGRAM") or PROGRAM

# Tries trials of a study, slowly, and writes a line for each.
WORKER = """
    import sys, time
    from spinenet_cpp import Study
    study = Study(sys.argv[1], lease=float(sys.argv[4]), trials=int(sys.argv[2]))
    print("open", flush=True)
    while (trial := study.ask()) is not None:
        print("ask", trial.number, flush=True)
        time.sleep(float(sys.argv[3]))
        score = 1 / (1 + trial.architecture.cost(128).multiply_adds / 1e9)
        print("tell", trial.number, study.tell(trial, score, metrics={"seconds": 0.1}), flush=True)
"""


def can_train():
    return pathlib.Path(TRAINING).with_name("spinenet-train").exists()


def score_of(trial):
    return 1 / (1 + trial.architecture.cost(128).multiply_adds / 1e9)


def work(study, count=10**9):
    done = 0
    while done < count and (trial := study.ask()) is not None:
        study.tell(trial, score_of(trial))
        done += 1
    return done


class StudyTest(FolderTest):
    def setUp(self):
        super().setUp()
        self.place = str(self.folder / "a.study")

    def begin(self, **options):
        return Study(self.place, "spinenet-49", **{"algorithm": "random", "trials": 6, "lag": 4, "image_size": 128,
                                                   "classes": 3, **options})

    def worker(self, trials, seconds, lease=5):
        process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(WORKER), self.place, str(trials), str(seconds),
                                    str(lease)], stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def asked(self, process):
        """The trial that the worker asks for next; None where it ends."""
        while line := process.stdout.readline():
            if line.startswith("ask"):
                return int(line.split()[1])
        return None

    def check_each_counted_once(self, count):
        trials = Study(self.place).trials()
        self.assertEqual([trial["number"] for trial in trials], list(range(count)))
        self.assertEqual({trial["state"] for trial in trials} - {"complete", "rejected"}, set())
        return trials

    def test_is_asked_and_told(self):
        study = self.begin(algorithm="evolution")
        self.assertEqual(repr(study), f"<Study {self.place}>")
        trial = study.ask()
        self.assertEqual((trial.number, trial.attempt, trial.wanted), (0, 1, True))
        self.assertIsInstance(trial.architecture, Architecture)
        self.assertTrue(study.tell(trial, 0.25, metrics={"latency_ms": 3.5}))
        self.assertFalse(trial.wanted)
        self.assertTrue(study.tell(trial, 0.25, metrics={"latency_ms": 3.5}))  # the same again
        self.assertFalse(study.tell(trial, 0.5))
        self.assertEqual(work(study), 5)
        self.assertIsNone(study.ask())
        self.assertEqual(study.summary()["complete"], 6)
        first = self.check_each_counted_once(6)[0]
        self.assertEqual((first["score"], first["metrics"]), (0.25, {"latency_ms": 3.5}))
        scores = [score for score, _ in study.best(3)]
        self.assertEqual(scores, sorted(scores, reverse=True))
        self.assertEqual(study.architecture(0), trial.architecture)

    def test_suggests_the_same_for_any_number_of_processes(self):
        def choices(place, **options):
            study = Study(place, "spinenet-49", algorithm="evolution", trials=12, lag=4, seed=5, **options)
            work(study)
            return [trial["choices"] for trial in study.trials()]

        one = choices(str(self.folder / "one.study"))
        self.assertEqual(len({str(c) for c in one}), 12)
        first = Study(self.place, "spinenet-49", algorithm="evolution", trials=12, lag=4, seed=5)
        second = Study(self.place)
        held = [first.ask(), second.ask(), first.ask()]
        self.assertEqual([trial.number for trial in held], [0, 1, 2])
        for trial, study in zip(reversed(held), (first, second, first)):
            study.tell(trial, score_of(trial))
        work(second, 4)
        work(first)
        self.assertEqual([trial["choices"] for trial in first.trials()], one)

    def test_goes_on_as_it_was_begun(self):
        self.begin(seed=3, settings={"constraints.max_multiply_adds": 1e12})
        Study(self.place)
        Study(self.place, "spinenet-49", seed=3, trials=9)
        for wrong in ({"space": "r0-sp53"}, {"algorithm": "evolution"}, {"seed": 4}, {"lag": 5}, {"image_size": 256},
                      {"settings": {"constraints.max_multiply_adds": 1}}):
            with self.assertRaisesRegex(spinenet_cpp.UsageError, "begun with another"):
                Study(self.place, **wrong)
        shown = subprocess.run([PROGRAM, "study", "show", self.place, "--json"], check=True, capture_output=True, text=True)
        self.assertEqual(json.loads(shown.stdout)["trials"], 0)

    def test_takes_constraints(self):
        study = self.begin(trials=4, settings={"constraints.max_multiply_adds": 1})
        self.assertIsNone(study.ask())
        self.assertEqual(study.summary()["rejected"], 4)

    def test_keeps_failures_and_what_was_given_back(self):
        study = self.begin(trials=5)
        one, other = study.ask(), study.ask()
        self.assertTrue(study.tell(one, failure="timeout", reason="an hour"))
        self.assertTrue(study.give_back(other))
        again = study.ask()
        self.assertEqual((again.number, again.attempt), (other.number, 1))
        self.assertTrue(study.tell(again, math.nan))
        lost = study.ask()
        self.assertTrue(study.tell(lost, failure="lost"))
        trials = {trial["number"]: trial for trial in study.trials()}
        self.assertEqual((trials[one.number]["failure"], trials[one.number]["reason"]), ("timeout", "an hour"))
        self.assertEqual(trials[again.number]["failure"], "non_finite")
        again = study.ask()
        self.assertEqual((again.number, again.attempt), (lost.number, 2))
        for wrong in ({}, {"score": 1, "failure": "timeout"}, {"failure": "crash"}, {"failure": "tired"}):
            with self.assertRaises(spinenet_cpp.UsageError):
                study.tell(again, **wrong)
        self.assertTrue(again.wanted)

    def test_refuses_what_is_wrong(self):
        for wrong in ({"space": None}, {"space": "spinenet-50"}, {"algorithm": "luck"}, {"trials": 0}, {"lease": 0.1},
                      {"settings": {"colour": "blue"}}):
            with self.assertRaises(spinenet_cpp.UsageError, msg=wrong):
                Study(self.place, **{"space": "spinenet-49", **wrong})
            self.assertFalse(os.path.exists(self.place))
        self.begin()
        with self.assertRaises(spinenet_cpp.UsageError):
            Study(self.place).architecture(0)

    def test_waits_no_longer_than_it_is_told(self):
        study = self.begin(lag=1)
        held = study.ask()
        start = time.monotonic()
        self.assertIsNone(study.ask(wait=0.3))
        self.assertLess(time.monotonic() - start, 30)
        self.assertIsNone(study.ask(0))
        study.tell(held, 1.0)
        self.assertEqual(study.ask(wait=0).number, 1)

    def test_prolongs_a_lease_in_the_background(self):
        study = self.begin(lease=6)
        trial = study.ask()
        time.sleep(8)
        self.assertTrue(trial.wanted)
        self.assertTrue(study.tell(trial, 0.5))

    def test_refuses_a_late_tell(self):
        study = self.begin(lag=16)
        late = self.worker(6, 3, lease=1)
        number = self.asked(late)
        late.send_signal(signal.SIGSTOP)  # its heart, too
        while (trial := study.ask()) is not None:  # only that one is left at the end
            if trial.number == number:
                self.assertEqual(trial.attempt, 2)
            study.tell(trial, 0.5)
        late.send_signal(signal.SIGCONT)
        output, _ = late.communicate(timeout=240)
        self.assertIn(f"tell {number} False", output)
        self.assertEqual(self.check_each_counted_once(6)[number]["score"], 0.5)

    def test_is_shared_by_threads(self):
        study = self.begin(trials=16, lag=8)
        threads = [threading.Thread(target=work, args=(study,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.check_each_counted_once(16)

    def test_is_opened_in_each_process(self):
        study = self.begin()
        trial = study.ask()
        child = os.fork()
        if child == 0:
            try:
                study.ask()
            except spinenet_cpp.UsageError:
                del study, trial
                os._exit(0)
            os._exit(1)
        self.assertEqual(os.waitpid(child, 0)[1], 0)
        self.assertTrue(study.tell(trial, 1.0))

    def test_two_processes_of_which_one_is_killed(self):
        count = 12
        self.begin(trials=count, lag=6)
        first, second = self.worker(count, 0.05), self.worker(count, 600)
        self.assertIsNotNone(self.asked(second))
        second.kill()
        output, _ = first.communicate(timeout=240)
        self.assertEqual(first.returncode, 0)
        told = collections.Counter(int(line.split()[1]) for line in output.splitlines()
                                   if line.startswith("tell") and line.endswith("True"))
        trials = self.check_each_counted_once(count)
        own = [trial["number"] for trial in trials if trial["state"] == "complete" and trial["duplicate_of"] is None]
        self.assertEqual(told, collections.Counter(own))
        self.assertTrue(any(trial["attempts"] == 2 for trial in trials))

    @unittest.skipUnless(can_train(), "spinenet-train is not built")
    def test_two_workers_of_the_program_and_two_processes_of_which_one_is_killed(self):
        count = 8
        recipe = self.folder / "search.yaml"
        (self.folder / "train.yaml").write_text(f"""
architecture:
  base: spinenet-49
  filter_size_scale: 0.125
  endpoints_num_filters: 16
  stem_filters: 8
  head_convs: 1
  head_filters: 16
data: {{root: {self.folder / "scenes"}, train_images: train, val_images: val, scenes: easy, scenes_images: 16,
        scenes_val_images: 4, scenes_size: 128, loader_threads: 1}}
image_size: 128
batch: 8
epochs: 1
""")
        recipe.write_text(f"""
algorithm: {{kind: evolution, evolution: {{population: 4, tournament: 2}}}}
proxy: {{recipe: train.yaml, epochs: 1, hold_out: 0.25}}
trials: {count}
lag: 4
""")
        log = open(self.folder / "search.log", "w")
        self.addCleanup(log.close)
        search = subprocess.Popen([TRAINING, "search", str(recipe), "--study", self.place, "--workers", "2", "--threads",
                                   "1", "--lease", "10"], stdout=log, stderr=log)
        deadline = time.monotonic() + 240
        while True:
            try:
                Study(self.place)
                break
            except spinenet_cpp.UsageError:  # not begun yet
                self.assertIsNone(search.poll(), (self.folder / "search.log").read_text()[-2000:])
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.1)
        first, second = self.worker(count, 0.2), self.worker(count, 600)
        self.assertIsNotNone(self.asked(second))
        second.kill()
        first.communicate(timeout=400)
        self.assertEqual(first.returncode, 0)
        self.assertEqual(search.wait(timeout=400), 0, (self.folder / "search.log").read_text()[-2000:])
        trials = self.check_each_counted_once(count)
        self.assertTrue(all(trial["finished"] for trial in trials))
        self.assertTrue(any(trial["attempts"] == 2 for trial in trials))
        print("workers:", collections.Counter(trial["worker"] for trial in trials))


if __name__ == "__main__":
    unittest.main()
