#!/usr/bin/env python3
"""How many images a second threads of Python compute with one model, beside as many threads of C++.

    PYTHONPATH=build/release/python python3 bench/python_threads.py build/release/bench/detector_threads MODEL

Each image takes one thread. Python and C++ take turns, ROUNDS times for each number of threads; the ratio is that of the
medians, and the processor time of other programs counts against both.
"""
import argparse
import json
import statistics
import subprocess
import threading
import time

import numpy
import spinenet_cpp


def images_per_second(model, pixels, count, seconds):
    done, ready = [0] * count, threading.Barrier(count + 1)

    def work(i):
        model(pixels)
        ready.wait()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            model(pixels)
            done[i] += 1

    threads = [threading.Thread(target=work, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    ready.wait()
    start = time.monotonic()
    for thread in threads:
        thread.join()
    return sum(done) / (time.monotonic() - start)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peer")
    parser.add_argument("model")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    model = spinenet_cpp.Model(options.model, threads=1)
    pixels = numpy.full((480, 640, 3), 120, numpy.uint8)
    report = []
    for count in (1, 2, 8):
        python, cpp = [], []
        for _ in range(options.rounds):
            python.append(images_per_second(model, pixels, count, options.seconds))
            run = subprocess.run([options.peer, options.model, str(count), str(options.seconds)], check=True,
                                 capture_output=True, text=True)
            cpp.append(float(run.stdout))
        one, other = statistics.median(python), statistics.median(cpp)
        report.append({"threads": count, "python": round(one, 2), "cpp": round(other, 2), "ratio": round(one / other, 3)})
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
