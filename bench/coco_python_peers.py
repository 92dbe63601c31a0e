#!/usr/bin/env python3
"""Times spinenet_cpp's evaluation beside the Python packages for it, on the set that coco_eval_peers.py makes.

    coco_eval_peers.py make FOLDER
    coco_python_peers.py FOLDER [--rounds N] [--peer NAME...] [--iou bbox|segm] [--from files|lists]

spinenet_cpp is found by PYTHONPATH (BUILD/python, or an installed wheel). The peers that are not installed are named and
passed over. Each run is a process of its own; the tools take turns; imports, the start of Python and (for lists) the making
of the list are not timed, everything else is: reading the annotations, loading the results, evaluate, accumulate,
summarize. The median of the rounds counts, and the numbers of all are compared. The time of the processors is that of all threads of the
process together: on a machine with other work it says more than the time that passed.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys

PEERS = ("pycocotools", "faster-coco-eval", "hotcoco", "ultrafast-pycocotools", "vernier")

TOOL = """
import contextlib, io, json, sys, time
name, truth_file, results_file, iou, source = sys.argv[1:]
options = {}
if name == "spinenet_cpp":
    from spinenet_cpp.coco import COCO
    from spinenet_cpp.cocoeval import COCOeval
elif name == "pycocotools":
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval
elif name == "hotcoco":
    from hotcoco import COCO, COCOeval
elif name == "ultrafast-pycocotools":
    from ultrafast_pycocotools.coco import COCO
    from ultrafast_pycocotools.cocoeval import COCOeval
elif name == "vernier":
    import vernier.instance as vernier
elif name == "faster-coco-eval":
    from faster_coco_eval import COCO, COCOeval_faster as COCOeval
results = json.load(open(results_file)) if source == "lists" else results_file
cpu = time.process_time()
start = time.perf_counter()
if name == "vernier":
    # It has no loadRes: its evaluator takes the bytes of the files, or the list.
    kind = vernier.Bbox() if iou == "bbox" else vernier.Segm()
    given = results if source == "lists" else open(results, "rb").read()
    numbers = vernier.Evaluator(iou=kind).evaluate(open(truth_file, "rb").read(), given).stats
    marks = [start] * 4
else:
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(truth_file)
        loaded = time.perf_counter()
        found = truth.loadRes(results)
        listed = time.perf_counter()
        evaluation = COCOeval(truth, found, iou)
        evaluation.evaluate()
        evaluated = time.perf_counter()
        evaluation.accumulate()
        evaluation.summarize()
    numbers = evaluation.stats
    marks = [start, loaded, listed, evaluated]
end = time.perf_counter()
marks.append(end)
parts = [b - a for a, b in zip(marks, marks[1:])]
print(json.dumps({"total_s": end - start, "cpu_s": time.process_time() - cpu, "parts_s": parts, "numbers": [float(v) for v in numbers[:12]]}))
"""


def timed(name, folder, iou, source):
    """What the tool says, or None and why not."""
    files = [str(folder / "truth.json"), str(folder / f"results_{iou}.json")]
    done = subprocess.run([sys.executable, "-c", TOOL, name, *files, iou, source], capture_output=True, text=True)
    if done.returncode != 0:
        return None, (done.stderr.strip().splitlines() or ["no message"])[-1]
    return json.loads(done.stdout.strip().splitlines()[-1]), ""


def compare(folder, iou, source, peers, rounds):
    answers, failed = {name: [] for name in ("spinenet_cpp", *peers)}, {}
    for _ in range(rounds):
        for name in answers:
            if name in failed:
                continue
            answer, why = timed(name, folder, iou, source)
            if answer is None:
                failed[name] = why
            else:
                answers[name].append(answer)
    if "spinenet_cpp" in failed:
        sys.exit(f"spinenet_cpp: {failed['spinenet_cpp']}")
    own = answers["spinenet_cpp"]
    ours = statistics.median(one["total_s"] for one in own)
    own_cpu = statistics.median(one["cpu_s"] for one in own)
    for name, found in answers.items():
        if name in failed:
            print(f"{name:<22} {iou} {source:<5} not timed: {failed[name]}")
            continue
        total = statistics.median(one["total_s"] for one in found)
        cpu = statistics.median(one["cpu_s"] for one in found)
        apart = max(abs(a - b) for a, b in zip(found[0]["numbers"], own[0]["numbers"]))
        print(f"{name:<22} {iou} {source:<5} {total:8.3f} s {total / ours:7.2f} times ours; {cpu:8.3f} s of processors "
              f"{cpu / own_cpu:7.2f} times ours; numbers at most {apart:.1e} apart")
    parts = [statistics.median(one["parts_s"][place] for one in own) for place in range(4)]
    print("   ours: annotations %.3f, results %.3f, evaluate %.3f, accumulate and summarize %.3f s" % tuple(parts))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peer", action="append", choices=PEERS)
    parser.add_argument("--iou", choices=("bbox", "segm"), action="append")
    parser.add_argument("--from", dest="source", choices=("files", "lists"), action="append")
    options = parser.parse_args()
    for iou in options.iou or ("bbox", "segm"):
        for source in options.source or ("files", "lists"):
            compare(options.folder, iou, source, options.peer or PEERS, options.rounds)


if __name__ == "__main__":
    main()
