#!/usr/bin/env python3
"""Times a fresh process up to its first result, spinenet beside ONNX Runtime, and compares their largest memory.

    cold_start.py PROGRAM MODEL PICTURE ONNX [--threads N] [--rounds N]

PROGRAM is spinenet, MODEL a model file, ONNX the same network as `spinenet export --form raw --batch 1` writes it. The
two take turns. `spinenet predict` decodes the picture and writes its detections; ONNX Runtime runs the network alone,
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
    for name in ("program", "model", "picture", "onnx"):
        parser.add_argument(name)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--peer", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.peer:
        run_onnx(args.onnx, args.threads)
    ours = [args.program, "predict", args.model, args.picture, "--threads", str(args.threads), "--device", "cpu", "--json"]
    rows = {"spinenet predict": [], "ONNX Runtime": [], "ONNX Runtime with its imports": []}
    memory = {name: 0.0 for name in rows}
    for _ in range(args.rounds):
        seconds, most, _ = measured(ours)
        rows["spinenet predict"].append(seconds)
        memory["spinenet predict"] = max(memory["spinenet predict"], most)
        seconds, most, text = measured([sys.executable, __file__, *sys.argv[1:], "--peer"])
        rows["ONNX Runtime"].append(json.loads(text)["seconds"])
        rows["ONNX Runtime with its imports"].append(seconds)
        for name in list(rows)[1:]:
            memory[name] = max(memory[name], most)
    first = statistics.median(rows["spinenet predict"])
    print(f"{args.threads} threads, {args.rounds} rounds\n")
    print("| process | least, s | median, s | median, times spinenet's | memory, MB |\n|---|---|---|---|---|")
    for name, seconds in rows.items():
        median = statistics.median(seconds)
        print(f"| {name} | {min(seconds):.2f} | {median:.2f} | {median / first:.2f} | {memory[name]:.0f} |")


main()
