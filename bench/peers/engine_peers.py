#!/usr/bin/env python3
"""Times the engine beside ONNX Runtime, OpenVINO, ncnn and PyTorch on the same network, and prints a Markdown table.

    engine_peers.py PROGRAM MODEL ONNX [--ncnn PARAM BIN] [--batch N] [--threads N] [--rounds N] [--runs N]
                    [--skip TOOL ...] [--precision fp32|bf16|int8] [--torch MODULE]
                    [--instructions avx2] [--autotune] [--json]
    engine_peers.py PROGRAM MODEL TRUNK --heads BOX_HEAD [BOX_HEAD2 ...] MASK_HEAD

PROGRAM is spinenet, MODEL what `spinenet bench` takes, ONNX the same network as `spinenet export --form raw --batch 1`
writes it; PARAM and BIN are what `pnnx ONNX "inputshape=[1,3,640,640]"` makes of that file. The tools take turns, each
in a process of its own with one run before the clock starts; the least and the median of all runs count, and the
largest memory of the process. MODULE is the Python file that pnnx makes beside PARAM (*_pnnx.py): PyTorch runs it traced
and frozen. With --batch the times are those of a batch, for which ONNX must be written, too.

ONNX may be all of a model that segments, as `spinenet export` writes it; the picture then fills the input.

With --precision bf16 or int8 spinenet and OpenVINO compute so, and ONNX Runtime in int8; ncnn is left out. For int8 ONNX is
what quantize_onnx.py makes of it.

With --instructions avx2 spinenet, OpenVINO and PyTorch keep to AVX2; the others have no such switch and are left out.
ONEDNN_MAX_CPU_ISA holds the oneDNN part of OpenVINO, OV_CPU_MAX_ISA its own kernels. Builds of OpenVINO that do not read
the second keep only the oneDNN part to AVX2: the run ends with a message where a kernel's name tells of AVX-512.

With --heads, the files of bench/two_stage_onnx.cpp, one after the other, stand for a model that segments: TRUNK, the box
head (of a cascade all of them in order), the mask head last. spinenet's time is that of the whole, proposals, crops and
masks included, the peers' that of the networks alone.

The picture of ncnn and PyTorch is as large as spinenet's where --size does not say otherwise.
Needs numpy and the peers (PyPI: onnxruntime, openvino, ncnn, torch).
"""
import argparse
import importlib.util
import json
import os
import pathlib
import platform
import resource
import statistics
import subprocess
import sys
import time


def with_extent(names, x):
    """The inputs of a run: the file of a whole model that segments is told the extent of the picture, too."""
    import numpy

    return {names[0]: x, **{name: numpy.array([x.shape[2:]], numpy.float32) for name in names[1:]}}


def onnxruntime_run(args, path):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = args.threads
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    names = [taken.name for taken in session.get_inputs()]
    shape = session.get_inputs()[0].shape
    return onnxruntime.__version__, shape, lambda x: session.run(None, with_extent(names, x))


def refuse_wider(kernels):
    wider = sorted({kernel for kernel in kernels if "avx512" in kernel})
    if wider:
        sys.exit(f"OpenVINO does not keep to AVX2 ({', '.join(wider)}): take a build that reads OV_CPU_MAX_ISA, or "
                 "--skip OpenVINO")


def openvino_run(args, path):
    import openvino

    config = {
        "INFERENCE_NUM_THREADS": args.threads,
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "bf16" if args.precision == "bf16" else "f32",
    }
    model = openvino.Core().compile_model(path, "CPU", config)
    if args.instructions:
        refuse_wider(op.get_rt_info()["primitiveType"].astype(str) for op in model.get_runtime_model().get_ops())
    names = [taken.any_name for taken in model.inputs]
    request = model.create_infer_request()
    return openvino.__version__.split("-")[0], list(model.inputs[0].shape), lambda x: request.infer(with_extent(names, x))


def ncnn_run(args, _):
    import ncnn

    net = ncnn.Net()
    net.opt.num_threads = args.threads
    net.opt.use_bf16_storage = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = net.opt.use_fp16_packed = False
    net.load_param(args.ncnn[0])
    net.load_model(args.ncnn[1])
    shape = [1, 3, args.size, args.size]

    def run(x):
        extractor = net.create_extractor()
        extractor.input(net.input_names()[0], ncnn.Mat(x[0]))
        return [extractor.extract(name)[1] for name in net.output_names()]

    return ncnn.__version__, shape, run


def torch_run(args, _):
    import torch

    torch.set_num_threads(args.threads)
    path = pathlib.Path(args.torch).resolve()
    spec = importlib.util.spec_from_file_location("network", path)
    module = importlib.util.module_from_spec(spec)
    os.chdir(path.parent)  # it opens its weights by name
    spec.loader.exec_module(module)
    shape = [args.batch, 3, args.size, args.size]
    with torch.no_grad():
        network = torch.jit.freeze(torch.jit.trace(module.Model().eval(), torch.zeros(shape), check_trace=False))

    def run(x):
        with torch.no_grad():
            return network(torch.from_numpy(x))

    run(numpy_zeros(shape))  # the first two runs compile
    return torch.__version__.split("+")[0], shape, run


def numpy_zeros(shape):
    import numpy

    return numpy.zeros(shape, numpy.float32)


PEERS = {"ONNX Runtime": onnxruntime_run, "OpenVINO": openvino_run, "ncnn": ncnn_run, "PyTorch": torch_run}
# What tells a library to leave wider instructions alone.
KEEP_TO_AVX2 = {"ONEDNN_MAX_CPU_ISA": "AVX2", "OV_CPU_MAX_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"}


def takes_part(args, name):
    if name in args.skip or (name == "ncnn" and not args.ncnn) or (name == "PyTorch" and not args.torch):
        return False
    if args.batch > 1 and name == "ncnn":
        return False
    if args.instructions and name not in ("OpenVINO", "PyTorch"):
        return False
    return args.precision == "fp32" or name == "OpenVINO" or (name == "ONNX Runtime" and args.precision == "int8")


def time_peer(args):
    """In a process of its own: prints the measurement as JSON."""
    import numpy

    networks = []
    for path in [args.onnx, *args.heads]:
        version, shape, run = PEERS[args.one](args, path)
        if not networks and isinstance(shape[-1], int) and list(shape[-2:]) != [args.size, args.size]:
            sys.exit(f"{path} takes {shape[-2]}x{shape[-1]} px, not {args.size}: export the model that is timed")
        picture = numpy.random.default_rng(1).uniform(-2, 2, shape).astype(numpy.float32)
        run(picture)
        networks.append((run, picture))
    parts = []
    for _ in range(args.runs):
        parts.append([])
        for run, picture in networks:
            start = time.perf_counter()
            run(picture)
            parts[-1].append((time.perf_counter() - start) * 1e3)
    times = [sum(one) for one in parts]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    print(json.dumps({"version": version, "ms": times, "parts": parts, "memory_mb": memory}))


def output_of(command, environment=None):
    """What the command prints; where it fails, this program ends with the last that it said."""
    found = subprocess.run(command, capture_output=True, text=True, env=environment)
    if found.returncode != 0:
        said = found.stderr.strip().splitlines() or [f"ended with status {found.returncode}"]
        sys.exit(f"{' '.join(command)}: {said[-1]}")
    return found.stdout


def time_engine(args):
    command = [args.program, "bench", args.model, "--json", "--threads", str(args.threads), "--runs", str(args.runs),
               "--batch", str(args.batch), "--precision", args.precision, *(["--autotune"] if args.autotune else [])]
    if args.instructions:
        command += ["--instructions", args.instructions]
    found = json.loads(output_of(command))
    latency = found["latency_ms"]
    # The networks; what comes last is all else.
    parts = [list(found.get("parts_ms", {}).values())[:-1]]
    if args.heads and len(parts[0]) != 1 + len(args.heads):
        sys.exit(f"{args.model} has {max(len(parts[0]) - 1, 0)} heads, --heads names {len(args.heads)}: name all of them")
    # The least counts among the least, the median among the medians.
    return {"version": "", "ms": [latency["min"], latency["median"]], "parts": parts, "memory_mb": found["peak_memory_mb"],
            "bench": found}


def time_other(args, name):
    command = [sys.executable, __file__, *sys.argv[1:], "--size", str(args.size), "--one", name]
    environment = {**os.environ, **(KEEP_TO_AVX2 if args.instructions else {})}
    return json.loads(output_of(command, environment).splitlines()[-1])


def processor():
    for line in open("/proc/cpuinfo"):
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return platform.processor()


def summaries(found):
    """Of each engine: least and median of all runs, largest memory."""
    engines = {}
    for name, rounds in found.items():
        times = [ms for one in rounds for ms in (one["ms"][1:] if name == "spinenet" else one["ms"])]
        engines[name] = {"version": rounds[0]["version"], "least_ms": min(ms for one in rounds for ms in one["ms"]),
                         "median_ms": statistics.median(times), "memory_mb": max(one["memory_mb"] for one in rounds)}
    return engines


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("model")
    parser.add_argument("onnx")
    parser.add_argument("--ncnn", nargs=2, metavar=("PARAM", "BIN"))
    parser.add_argument("--torch", metavar="MODULE")
    parser.add_argument("--instructions", choices=["avx2"])
    parser.add_argument("--autotune", action="store_true")
    parser.add_argument("--json", action="store_true", help="print one JSON document and no table")
    parser.add_argument("--heads", nargs="+", metavar="HEAD", default=[],
                        help="the box heads in order and the mask head last")
    parser.add_argument("--precision", choices=["fp32", "bf16", "int8"], default="fp32")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--size", type=int, help="of the picture; spinenet's if not given")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--skip", nargs="*", default=[])
    parser.add_argument("--one", choices=PEERS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if len(args.heads) == 1:
        parser.error("--heads takes the box heads and the mask head")
    if args.one:
        time_peer(args)
        return
    peers = [name for name in PEERS if takes_part(args, name)]
    found = {name: [] for name in ["spinenet", *peers]}
    for _ in range(args.rounds):
        found["spinenet"].append(time_engine(args))
        args.size = args.size or found["spinenet"][0]["bench"]["input_size"]
        for name in peers:
            found[name].append(time_other(args, name))
    if args.json:
        print(json.dumps({"size": args.size, "engines": summaries(found)}))
        return
    bench = found["spinenet"][-1]["bench"]
    print(f"{processor()}, {bench['instructions']}, {args.threads} threads, {bench['architecture']}, "
          f"{bench['input_size']} px, batch {args.batch}, {args.precision}, {args.rounds} rounds of {args.runs} runs\n")
    print("| engine | least, ms | median, ms | median, times spinenet's | memory, MB |\n|---|---|---|---|---|")
    engines = summaries(found)
    ours = engines["spinenet"]["median_ms"]
    for name, one in engines.items():
        print(f"| {name} {one['version']} | {one['least_ms']:.0f} | {one['median_ms']:.0f} | "
              f"{one['median_ms'] / ours:.2f} | {one['memory_mb']:.0f} |")
    if not args.heads:
        return
    heads = ["box head", *(f"box head {n}" for n in range(2, len(args.heads))), "mask head"]
    print("\n| engine | trunk, ms | " + " | ".join(f"{head}, ms" for head in heads) + " |")
    print("|---|---" + "|---" * len(heads) + "|")
    for name, rounds in found.items():
        columns = zip(*[parts for one in rounds for parts in one["parts"]])
        print(f"| {name} | " + " | ".join(f"{statistics.median(column):.0f}" for column in columns) + " |")


if __name__ == "__main__":
    main()
