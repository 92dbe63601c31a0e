#!/usr/bin/env python3
"""Times a fresh process up to its first result, spinenet beside ONNX Runtime, and compares their largest memory.

    cold_start.py PROGRAM MODEL PICTURE [ONNX] [--threads N] [--rounds N] [--precision P] [--cache DIR] [--old PROGRAM]

PROGRAM is spinenet, MODEL a model file, ONNX the same network as `spinenet export --form raw --batch 1` writes it; --old
names an older program, --cache a folder for packed weights, with which another row is timed. All take turns. `spinenet predict` decodes the picture and writes its detections; ONNX Runtime runs the network alone,
in Python: its line counts from after the imports, the one below with them.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time


def measured(command):
    """Seconds to the end of the process, its largest memory in MB, what it printed."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    text = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if status != 0:
        sys.exit(f"{command[0]} failed")
    return seconds, usage.ru_maxrss * 1024 / 1e6, text


def run_onnx(path, threads):
    import numpy
    import onnxruntime

    start = time.perf_counter()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    taken = session.get_inputs()[0]
    session.run(None, {taken.name: numpy.zeros(taken.shape, numpy.float32)})
    print(json.dumps({"version": onnxruntime.__version__, "seconds": time.perf_counter() - start}), flush=True)
    os._exit(0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("program", "model", "picture"):
        parser.add_argument(name)
    parser.add_argument("onnx", nargs="?")
    parser.add_argument("--precision", default="fp32")
    parser.add_argument("--cache")
    parser.add_argument("--old")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--peer", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.peer:
        run_onnx(args.onnx, args.threads)
    flags = ["predict", args.model, args.picture, "--threads", str(args.threads), "--device", "cpu", "--json",
             "--precision", args.precision]
    commands = {"spinenet predict": [args.program, *flags]}
    if args.cache:
        commands["spinenet predict --cache"] = [args.program, *flags, "--cache", args.cache]
        measured(commands["spinenet predict --cache"])  # packs
    if args.old:
        commands["the older spinenet predict"] = [args.old, *flags]
    rows = {name: [] for name in commands}
    memory = {}
    for _ in range(args.rounds):
        for name, command in commands.items():
            seconds, most, _ = measured(command)
            rows[name].append(seconds)
            memory[name] = max(memory.get(name, 0), most)
        if not args.onnx:
            continue
        seconds, most, text = measured([sys.executable, __file__, *sys.argv[1:], "--peer"])
        for name, value in (("ONNX Runtime", json.loads(text)["seconds"]), ("ONNX Runtime with its imports", seconds)):
            rows.setdefault(name, []).append(value)
            memory[name] = max(memory.get(name, 0), most)
    first = statistics.median(rows["spinenet predict"])
    print(f"{args.threads} threads, {args.rounds} rounds\n")
    print("| process | least, s | median, s | median, times spinenet's | memory, MB |\n|---|---|---|---|---|")
    for name, seconds in rows.items():
        median = statistics.median(seconds)
        print(f"| {name} | {min(seconds):.2f} | {median:.2f} | {median / first:.2f} | {memory[name]:.0f} |")


main()
