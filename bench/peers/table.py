#!/usr/bin/env python3
"""Fills the table of docs/benchmarks.md: networks, batches, threads and precisions beside every peer, in one run.

    table.py PROGRAM MODELS_DIR --out TABLE.md [--networks N ...] [--runs N] [--minutes M]

MODELS_DIR holds for each network N (49, 49s, 96, r50): N.safetensors, N-int8.safetensors (`spinenet calibrate`),
N.b1.onnx, N.b4.onnx (`spinenet export --form raw --batch 1|4`), N-int8.b1.onnx, N-int8.b4.onnx (quantize_onnx.py of
those), and, from `pnnx N.onnx "inputshape=[1,3,640,640]"`, N.ncnn.param, N.ncnn.bin, N_pnnx.py, N.pnnx.bin. A peer whose
file is missing is left out.

Each cell is a run of engine_peers.py: all that share it take turns. What is measured is kept in TABLE.md.json at once; a
second call goes on where the first ended, and the table shows what there is. --minutes ends the run in time.
"""
import argparse
import itertools
import json
import pathlib
import subprocess
import sys
import time

NETWORKS = {"49s": "SpineNet-49S", "49": "SpineNet-49", "96": "SpineNet-96", "r50": "ResNet-50-FPN"}
PEERS = ["ONNX Runtime", "OpenVINO", "ncnn", "PyTorch"]


def cells(networks):
    """The most asked for first."""
    for batch, threads, precision in itertools.product([1, 4], [2, 1], ["fp32", "int8", "bf16"]):
        for network in networks:
            yield {"network": network, "batch": batch, "threads": threads, "precision": precision, "instructions": ""}
    for network in networks:
        yield {"network": network, "batch": 1, "threads": 2, "precision": "fp32", "instructions": "avx2"}


def key_of(cell):
    return " ".join(str(part) for part in cell.values())


def command_of(args, cell):
    folder, name = args.models, cell["network"] + ("-int8" if cell["precision"] == "int8" else "")
    command = [sys.executable, str(pathlib.Path(__file__).with_name("engine_peers.py")), args.program,
               str(folder / f"{name}.safetensors"), str(folder / f"{name}.b{cell['batch']}.onnx"),
               "--precision", cell["precision"], "--batch", str(cell["batch"]), "--threads", str(cell["threads"]),
               "--rounds", str(args.rounds), "--runs", str(args.runs if cell["batch"] == 1 else 1), "--json"]
    if cell["instructions"]:
        command += ["--instructions", cell["instructions"]]
    param, weights = folder / f"{cell['network']}.ncnn.param", folder / f"{cell['network']}.ncnn.bin"
    if param.exists() and weights.exists():
        command += ["--ncnn", str(param), str(weights)]
    module = folder / f"{cell['network']}_pnnx.py"
    if module.exists():
        command += ["--torch", str(module)]
    return command


def ratio(engines, name):
    if name not in engines:
        return ""
    return f"{engines[name]['median_ms'] / engines['spinenet']['median_ms']:.2f}"


def table_of(measured, networks):
    lines = ["| network | precision | batch | threads | spinenet, ms | " +
             " | ".join(f"{name}, times spinenet's" if name == PEERS[0] else name for name in PEERS) +
             " | memory, MB | others' least, MB |", "|---" * (7 + len(PEERS)) + "|"]
    order = sorted(cells(networks), key=lambda c: (networks.index(c["network"]), c["instructions"], c["batch"]))
    for cell in order:
        found = measured.get(key_of(cell))
        if found is None:
            continue
        engines = found["engines"]
        others = [one["memory_mb"] for name, one in engines.items() if name != "spinenet"]
        precision = cell["precision"] + (f", {cell['instructions']}" if cell["instructions"] else "")
        lines.append(f"| {NETWORKS[cell['network']]} | {precision} | {cell['batch']} | {cell['threads']} | "
                     f"{engines['spinenet']['median_ms']:.0f} | " +
                     " | ".join(ratio(engines, name) for name in PEERS) +
                     f" | {engines['spinenet']['memory_mb']:.0f} | {min(others):.0f} |")
    versions = {f"{name} {one['version']}" for found in measured.values() for name, one in found["engines"].items()
                if one["version"]}
    processors = {found["processor"] for found in measured.values()}
    return "\n".join([f"{', '.join(sorted(processors))}; {', '.join(sorted(versions))}; medians.", "", *lines, ""])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("models", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--networks", nargs="*", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=1e9)
    args = parser.parse_args()
    state = args.out.with_name(args.out.name + ".json")
    measured = json.loads(state.read_text()) if state.exists() else {}
    start = time.monotonic()
    for cell in cells(args.networks):
        if key_of(cell) in measured:
            continue
        if time.monotonic() - start > 60 * args.minutes:
            print("out of time; call again to go on", file=sys.stderr)
            break
        found = subprocess.run(command_of(args, cell), capture_output=True, text=True)
        if found.returncode != 0:
            print(f"{key_of(cell)}: {found.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
            continue
        measured[key_of(cell)] = json.loads(found.stdout)
        state.write_text(json.dumps(measured, indent=1) + "\n")
        args.out.write_text(table_of(measured, args.networks))
        print(f"{time.monotonic() - start:.0f} s  {key_of(cell)}", file=sys.stderr)


main()
