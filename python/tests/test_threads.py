"""One model serves several threads at once, without Python's lock, and goes on in the children of a fork."""
import multiprocessing
import os
import subprocess
import sys
import threading
import unittest
import warnings

import spinenet_cpp
from support import FolderTest, TASKS, colourful, model_path

IMAGES = [colourful(60 + i, 100 - 3 * i, i) for i in range(6)]
_models = {}


def found_by(task, images=IMAGES, threshold=0.02):
    return [one.to_coco() for one in _models[task](images, threshold=threshold)]


def in_threads(count, work):
    """What `work` gives in each of several threads, or what it raised."""
    results = [None] * count

    def run(i):
        try:
            results[i] = work(i)
        except BaseException as error:  # handed to the thread that asks
            results[i] = error

    threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


# ThreadSanitizer knows nothing of the threads that a child of a program with threads starts.
follows_forks = unittest.skipIf("TSAN_OPTIONS" in os.environ, "ThreadSanitizer does not follow forks")


def child_gives(work):
    """Whether `work` gives something true in the child of a fork."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # newer Pythons warn of forks beside threads
        child = os.fork()
    if child == 0:
        status = 1
        try:
            status = 0 if work() else 1
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    return status == 0


class ThreadsTest(FolderTest):
    @classmethod
    def setUpClass(cls):
        for task in TASKS:
            _models[task] = spinenet_cpp.Model(model_path(task))
        cls.expected = {task: found_by(task) for task in TASKS}

    def test_many_threads_find_the_same(self):
        for task in TASKS:
            for model in (_models[task], spinenet_cpp.Model(model_path(task), threads=1)):
                found = in_threads(8, lambda i: [model(image, threshold=0.02).to_coco(k)
                                                 for _ in range(2) for k, image in enumerate(IMAGES, 1)])
                for one in found:
                    self.assertEqual(one, 2 * self.expected[task])

    def test_threads_with_options_of_their_own(self):
        thresholds = [0.01 * (1 + i % 4) for i in range(8)]
        found = in_threads(8, lambda i: [found_by("detect", threshold=thresholds[i]) for _ in range(5)])
        for i, one in enumerate(found):
            self.assertEqual(one, 5 * [found_by("detect", threshold=thresholds[i])])

    def test_errors_stay_in_their_threads(self):
        def work(i):
            return _models["detect"](IMAGES if i % 2 == 0 else b"no image", threshold=0.02)

        for i, one in enumerate(in_threads(6, work)):
            self.assertIsInstance(one, list if i % 2 == 0 else spinenet_cpp.BadDataError)

    def test_python_goes_on_while_a_model_computes(self):
        model = spinenet_cpp.Model(model_path("detect"), threads=1, image_size=256)
        model(IMAGES[0])
        state = {"computing": False, "done": False}

        def work():
            state["computing"] = True
            model(10 * IMAGES)
            state["computing"] = False
            state["done"] = True

        interval = sys.getswitchinterval()
        sys.setswitchinterval(1000)  # the lock goes to another thread where it is given up, and nowhere else
        self.addCleanup(sys.setswitchinterval, interval)
        thread = threading.Thread(target=work)
        thread.start()
        seen = 0
        while not state["done"]:
            seen += state["computing"]
            os.sched_yield()
            threading.Event().wait(0.0001)
        thread.join()
        self.assertGreater(seen, 60)  # a call that computes under the lock would be seen once for each image at most

    @follows_forks
    def test_children_of_a_fork(self):
        for task in TASKS:
            self.assertTrue(child_gives(lambda: found_by(task) == self.expected[task]))
            self.assertEqual(found_by(task), self.expected[task])
        self.assertTrue(child_gives(lambda: child_gives(lambda: found_by("detect") == self.expected["detect"])))
        self.assertTrue(child_gives(lambda: all(one == self.expected["segment"]
                                                for one in in_threads(4, lambda i: found_by("segment")))))

    @follows_forks
    def test_children_of_a_fork_beside_computing_threads(self):
        stop = threading.Event()

        def work(i):
            while not stop.is_set():
                found_by(TASKS[i])

        threads = [threading.Thread(target=work, args=(i,)) for i in range(3)]
        for thread in threads:
            thread.start()
        try:
            good = [child_gives(lambda: found_by(task) == self.expected[task]) for _ in range(3) for task in TASKS]
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        self.assertEqual(good, 9 * [True])

    @follows_forks
    def test_processes_of_multiprocessing(self):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            with multiprocessing.get_context("fork").Pool(2) as pool:
                self.assertEqual(pool.map(found_by, TASKS), [self.expected[task] for task in TASKS])

    def test_budget(self):
        self.assertGreaterEqual(spinenet_cpp.thread_budget(), 1)
        code = """
import spinenet_cpp, sys
spinenet_cpp.set_thread_budget(3)
assert spinenet_cpp.thread_budget() == 3
model = spinenet_cpp.Model(sys.argv[1])
assert model.threads == 3
try:
    spinenet_cpp.set_thread_budget(2)
except spinenet_cpp.UsageError:
    sys.exit(0)
sys.exit(1)
"""
        subprocess.run([sys.executable, "-c", code, model_path("detect")], check=True)
        with self.assertRaisesRegex(spinenet_cpp.UsageError, "threads of a budget of"):
            spinenet_cpp.Model(model_path("detect"), threads=spinenet_cpp.thread_budget() + 1)

    def test_the_process_ends_while_a_model_is_alive(self):
        code = "import spinenet_cpp, sys; model = spinenet_cpp.Model(sys.argv[1]); keep = [model, model(sys.argv[2])]"
        path = self.image_file("a.png", IMAGES[0])
        subprocess.run([sys.executable, "-W", "error", "-c", code, model_path("segment"), path], check=True)

    def test_the_process_ends_while_a_thread_computes(self):
        code = """
import numpy, spinenet_cpp, sys, threading, time
model, pixels = spinenet_cpp.Model(sys.argv[1], threads=1), numpy.zeros((60, 90, 3), numpy.uint8)
begun = threading.Barrier(4)
def work():
    begun.wait()
    while True:
        model(pixels)
for _ in range(3):
    threading.Thread(target=work, daemon=True).start()
begun.wait()
time.sleep(0.2)
"""
        for _ in range(5):
            subprocess.run([sys.executable, "-c", code, model_path("segment")], check=True)


if __name__ == "__main__":
    unittest.main()
