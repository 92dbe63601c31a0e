#!/usr/bin/env python3
"""Two threads against one while another process keeps one of two processors busy.

    bench/busy_neighbour.py build/release/src/spinenet [--rounds N] [--steps N]

Trains a tiny network on the built-in scenes, and runs spinenet-49s, on two processors, with one thread and with two, in
turn; first with nothing beside it, then beside a process that computes without end. Prints the medians and the time of two
threads as a multiple of that of one: beside the busy process it should be no more than 1.1. The environment is passed on,
so that OMP_WAIT_POLICY and others can be tried.
"""
import argparse
import contextlib
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

RECIPE = """\
architecture: {base: spinenet-49, filter_size_scale: 0.25, endpoints_num_filters: 24, stem_filters: 8, head_convs: 1,
               head_filters: 24}
data: {root: SCENES, train_images: train, val_images: val}
image_size: 128
batch: 4
epochs: 100000
optimizer: {kind: adamw, learning_rate: 0.001}
log_every: 1
eval_every: 100000
checkpoint_every: 1000000
seed: 1
"""


def output_of(arguments):
    done = subprocess.run(arguments, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(arguments)} failed:\n{done.stderr}")
    return done.stdout


def training_ms(program, folder, threads, steps):
    """Milliseconds of a step, the first few left out."""
    first = 5
    with tempfile.TemporaryDirectory(dir=folder) as run:
        command = [program, "train", str(folder / "recipe.yaml"), "--out", run, "--quiet"]
        process = subprocess.Popen([*command, "--set", f"threads={threads}"], stdout=subprocess.DEVNULL)
        timing = pathlib.Path(run) / "timing.jsonl"
        lines = []
        while len(lines) <= first + steps and process.poll() is None:
            time.sleep(0.1)
            lines = timing.read_text().splitlines() if timing.exists() else []
        process.terminate()
        process.wait()
    if len(lines) <= first + steps:
        sys.exit("the training ended before its steps were done")
    begin, end = (json.loads(lines[number])["seconds"] for number in (first, first + steps))
    return 1000 * (end - begin) / steps


def inference_ms(program, _, threads, runs):
    told = output_of([program, "bench", "spinenet-49s", "--threads", str(threads), "--runs", str(runs), "--json"])
    return json.loads(told)["latency_ms"]["median"]


@contextlib.contextmanager
def busy_process(wanted):
    process = subprocess.Popen(["sh", "-c", "while :; do :; done"]) if wanted else None
    try:
        yield
    finally:
        if process:
            process.kill()
            process.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=30, help="of a training")
    parser.add_argument("--runs", type=int, default=8, help="of the inference")
    arguments = parser.parse_args()
    processors = sorted(os.sched_getaffinity(0))[:2]
    if len(processors) < 2:
        sys.exit("this machine has one processor: there is nothing to compare")
    os.sched_setaffinity(0, processors)
    print("| what | beside it | one thread, ms | two threads, ms | two / one |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        scenes = folder / "scenes"
        output_of([arguments.program, "data", "scenes", "--level", "easy", "--images", "64", "--val-images", "4", "--quiet",
                   "--out", str(scenes)])
        (folder / "recipe.yaml").write_text(RECIPE.replace("SCENES", str(scenes)))
        cases = [("a step of training", training_ms, arguments.steps), ("spinenet-49s, 640 px", inference_ms, arguments.runs)]
        for what, measure, count in cases:
            for busy in (False, True):
                times = {1: [], 2: []}
                with busy_process(busy):
                    for _ in range(arguments.rounds):
                        for threads in times:
                            times[threads].append(measure(arguments.program, folder, threads, count))
                one, two = (statistics.median(times[threads]) for threads in (1, 2))
                beside = "a busy process" if busy else "nothing"
                print(f"| {what} | {beside} | {one:.1f} | {two:.1f} | {two / one:.2f} |", flush=True)


main()
