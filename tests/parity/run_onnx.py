#!/usr/bin/env python3
"""Runs ONNX files with ONNX Runtime and compares what they give with recorded values.

    run_onnx.py FOLDER

FOLDER holds NAME.onnx and, for each run, NAME.N.safetensors with the tensors in/INPUT and out/OUTPUT. Relative error is the
largest difference over the largest magnitude of an output; integers must be equal. Where the package onnx is
installed, its checker, with shape inference, must accept each file too. tests/parity/onnx_test.cpp makes the folder.
"""
import json
import pathlib
import struct
import sys

import numpy
import onnxruntime

LIMIT = 1e-5


def read_tensors(path):
    data = path.read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + length])
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        tensors[name] = numpy.frombuffer(data[begin:end], "<f4").reshape(entry["shape"])
    return tensors


def error_of(found, expected):
    if found.shape != expected.shape:
        return numpy.inf
    if found.dtype.kind != "f":
        return 0.0 if (found == expected).all() else numpy.inf
    difference = numpy.abs(found.astype("f8") - expected).max(initial=0)
    return difference / max(numpy.abs(expected).max(initial=0), 1e-30) if difference > 0 else 0.0


def check_format(path):
    try:
        import onnx
    except ImportError:
        return "not checked: no package onnx"
    onnx.checker.check_model(str(path), full_check=True)
    return "accepted by onnx.checker"


def main(folder):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 2
    faults = runs = 0
    for path in sorted(folder.glob("*.onnx")):
        checked = check_format(path)
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        names = [output.name for output in session.get_outputs()]
        for case in sorted(folder.glob(path.stem + ".*.safetensors")):
            tensors = read_tensors(case)
            inputs = {name[3:]: value for name, value in tensors.items() if name.startswith("in/")}
            for taken in session.get_inputs():
                if taken.type == "tensor(int64)":
                    inputs[taken.name] = inputs[taken.name].astype("i8")
            found = session.run(names, inputs)
            errors = {name: error_of(value, tensors["out/" + name]) for name, value in zip(names, found)}
            worst = max(errors, key=errors.get)
            runs += 1
            fault = not errors[worst] <= LIMIT
            faults += fault
            shapes = ", ".join("x".join(map(str, value.shape)) for value in list(inputs.values())[:1])
            print(f"{'FAULT ' if fault else ''}{case.name} [{shapes}]: {errors[worst]:.1e} ({worst}); {checked}")
    print(f"ONNX Runtime {onnxruntime.__version__}: {runs} runs, {faults} faults")
    sys.exit(1 if faults or not runs else 0)


main(pathlib.Path(sys.argv[1]))
