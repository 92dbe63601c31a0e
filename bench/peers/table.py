#!/usr/bin/env python3
"""Fills the table of docs/benchmarks.md: networks, batches, threads and precisions beside every peer.

    table.py PROGRAM MODELS_DIR --out TABLE.md [--networks N ...] [--rounds N] [--runs N] [--minutes M]

MODELS_DIR holds for each network N (49s, 49, 96, r50), all of the size of its model:
    N.safetensors, N-int8.safetensors      the model, and what `spinenet calibrate` makes of it
    N.b1.onnx, N.b4.onnx                   `spinenet export --form raw --batch 1` (4), for ONNX Runtime and OpenVINO
    N-int8.b1.onnx, N-int8.b4.onnx         quantize_onnx.py of those
    N.ncnn.param, N.ncnn.bin               `pnnx N.onnx "inputshape=[1,3,SIZE,SIZE]"` of a copy of N.b1.onnx, for ncnn
    N_pnnx.py, N.pnnx.bin                  made by the same run, for PyTorch
Without --networks, those with N.safetensors are measured. A peer whose file is missing is left out, and a line says so.

Each cell is a run of engine_peers.py: --rounds rounds, in each of which the engines take turns, --runs runs of each, of a
batch of 4 half as many and at least 2. What is measured is kept in TABLE.md.json at once; a second call goes on where the
first ended, unless rounds, runs, processor or version of the program are others: then it refuses. The table shows all
that is kept. No cell begins after --minutes; the most asked for come first. The exit status is 1 where a cell failed.
"""
import argparse
import itertools
import json
import os
import pathlib
import subprocess
import sys
import time
import types

sys.dont_write_bytecode = True  # engine_peers.py is a neighbour in the source tree
import engine_peers

NETWORKS = {"49s": "SpineNet-49S", "49": "SpineNet-49", "96": "SpineNet-96", "r50": "ResNet-50-FPN"}
PEERS = list(engine_peers.PEERS)


def cells(networks):
    """The most asked for first."""
    for batch, threads in itertools.product([1, 4], [2, 1]):
        for precision, network in itertools.product(["fp32", "int8", "bf16"], networks):
            yield {"network": network, "batch": batch, "threads": threads, "precision": precision, "instructions": ""}
        if (batch, threads) == (1, 2):
            for network in networks:
                yield {"network": network, "batch": 1, "threads": 2, "precision": "fp32", "instructions": "avx2"}


def name_of(cell):
    return " ".join(str(part) for part in cell.values() if part)


def runs_of(batch, runs):
    return runs if batch == 1 else max(2, runs // 2)


def files_of(folder, cell):
    """What each peer reads."""
    network = cell["network"]
    onnx = folder / f"{network}{'-int8' if cell['precision'] == 'int8' else ''}.b{cell['batch']}.onnx"
    return {"ONNX Runtime": [onnx], "OpenVINO": [onnx],
            "ncnn": [folder / f"{network}.ncnn.param", folder / f"{network}.ncnn.bin"],
            "PyTorch": [folder / f"{network}_pnnx.py", folder / f"{network}.pnnx.bin"]}


def without_files(folder, cell):
    """The peers of the cell that lack a file; tells of each file in a line."""
    asked = types.SimpleNamespace(**cell, skip=[], ncnn=True, torch=True)
    lacking = {}
    for name, files in files_of(folder, cell).items():
        missing = [file.name for file in files if not file.exists()]
        if missing and engine_peers.takes_part(asked, name):
            lacking[name] = " and ".join(missing)
    for missing in dict.fromkeys(lacking.values()):
        names = " and ".join(name for name in lacking if lacking[name] == missing)
        print(f"{name_of(cell)}: no {missing}: without {names}", file=sys.stderr)
    return list(lacking)


def command_of(args, cell):
    folder, files = args.models, files_of(args.models, cell)
    model = folder / f"{cell['network']}{'-int8' if cell['precision'] == 'int8' else ''}.safetensors"
    command = [sys.executable, engine_peers.__file__, args.program, str(model), str(files["OpenVINO"][0]),
               "--precision", cell["precision"], "--batch", str(cell["batch"]), "--threads", str(cell["threads"]),
               "--rounds", str(args.rounds), "--runs", str(runs_of(cell["batch"], args.runs)), "--json",
               "--ncnn", *map(str, files["ncnn"]), "--torch", str(files["PyTorch"][0])]
    if cell["instructions"]:
        command += ["--instructions", cell["instructions"]]
    return [*command, "--skip", *without_files(folder, cell)]


def ratio(engines, name):
    if name not in engines:
        return ""
    return f"{engines[name]['median_ms'] / engines['spinenet']['median_ms']:.2f}"


def row_of(cell, found):
    engines = found["engines"]
    others = [one["memory_mb"] for name, one in engines.items() if name != "spinenet"]
    precision = cell["precision"] + (f", {cell['instructions']}" if cell["instructions"] else "")
    return (f"| {NETWORKS[cell['network']]}, {found['size']} px | {precision} | {cell['batch']} | {cell['threads']} | "
            f"{engines['spinenet']['median_ms']:.0f} | " + " | ".join(ratio(engines, name) for name in PEERS) +
            f" | {engines['spinenet']['memory_mb']:.0f} | {f'{min(others):.0f}' if others else ''} |")


def table_of(kept):
    key, measured = kept["key"], kept["cells"]
    networks = list(NETWORKS)
    order = sorted(cells(networks), key=lambda c: (networks.index(c["network"]), c["instructions"], c["batch"]))
    versions = {f"{name} {one['version']}" for found in measured.values() for name, one in found["engines"].items()
                if one["version"]}
    return "\n".join([
        f"{key['processor']}; {', '.join([key['program'], *sorted(versions)])}; medians of {key['rounds']} rounds of "
        f"{key['runs']} runs ({runs_of(4, key['runs'])} runs of a batch of 4), in each of which the engines take turns.", "",
        "| network | precision | batch | threads | spinenet, ms | " +
        " | ".join(f"{name}, times spinenet's" if name == PEERS[0] else name for name in PEERS) +
        " | memory, MB | others' least, MB |", "|---" * (7 + len(PEERS)) + "|",
        *(row_of(cell, measured[name_of(cell)]) for cell in order if name_of(cell) in measured), ""])


def write_atomic(path, text):
    """Whole or not at all, whenever the run is broken off."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text)
    os.replace(partial, path)


def kept_before(state, key):
    if not state.exists():
        return {"key": key, "cells": {}}
    kept = json.loads(state.read_text())
    if kept.get("key") != key:
        sys.exit(f"{state} was measured with {kept.get('key')}, not {key}: name another --out, or remove it")
    return kept


def networks_of(args):
    if args.networks:
        return args.networks
    networks = [name for name in NETWORKS if (args.models / f"{name}.safetensors").exists()]
    if not networks:
        sys.exit(f"{args.models} has none of {', '.join(f'{name}.safetensors' for name in NETWORKS)}")
    return networks


def measure(args, kept, state):
    """How many cells failed."""
    failed, start = 0, time.monotonic()
    for cell in cells(networks_of(args)):
        if name_of(cell) in kept["cells"]:
            continue
        if time.monotonic() - start > 60 * args.minutes:
            print("out of time; call again to go on", file=sys.stderr)
            break
        found = subprocess.run(command_of(args, cell), capture_output=True, text=True)
        if found.returncode != 0:
            failed += 1
            said = found.stderr.strip().splitlines() or [f"ended with status {found.returncode}"]
            print(f"{name_of(cell)}: failed: {said[-1]}", file=sys.stderr)
            continue
        kept["cells"][name_of(cell)] = json.loads(found.stdout)
        write_atomic(state, json.dumps(kept, indent=1) + "\n")
        write_atomic(args.out, table_of(kept))
        print(f"{time.monotonic() - start:.0f} s  {name_of(cell)}", file=sys.stderr)
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("models", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--networks", nargs="+", choices=NETWORKS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=12)
    args = parser.parse_args()
    key = {"rounds": args.rounds, "runs": args.runs, "processor": engine_peers.processor(),
           "program": engine_peers.output_of([args.program, "--version"]).strip()}
    state = args.out.with_name(args.out.name + ".json")
    kept = kept_before(state, key)
    failed = measure(args, kept, state)
    if kept["cells"]:
        write_atomic(args.out, table_of(kept))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
