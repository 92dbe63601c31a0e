#!/usr/bin/env python3
"""Writes and checks safetensors files with the Python library, as the other side of src/formats/safetensors.

    make_safetensors_oracle.py                 writes python.safetensors beside this script
    make_safetensors_oracle.py --check FILE    reads FILE, written by spinenet, with the Python library

Needs: pip install numpy ml_dtypes safetensors
"""

import argparse
import pathlib

import ml_dtypes
import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

SIGNED = {"F64": np.float64, "F32": np.float32, "F16": np.float16, "BF16": ml_dtypes.bfloat16,
          "I64": np.int64, "I32": np.int32, "I16": np.int16, "I8": np.int8}
UNSIGNED = {"U64": np.uint64, "U32": np.uint32, "U16": np.uint16, "U8": np.uint8}


def make(path):
    ramp = np.arange(6).reshape(2, 3)
    tensors = {name: (ramp - 2).astype(dtype) for name, dtype in SIGNED.items()}
    tensors |= {name: ramp.astype(dtype) for name, dtype in UNSIGNED.items()}
    tensors["BOOL"] = np.array([True, False, True])
    tensors["empty"] = np.zeros((0, 4), np.float32)
    tensors["scalar"] = np.array(0.1, np.float32)
    # Both signs, zero, subnormal, smallest normal, one, largest, infinite, not a number, and odd fractions.
    halves = np.array([e << 10 | f for e in (0, 1, 2, 15, 29, 30, 31) for f in (0, 1, 2, 3, 341, 512, 1023)], np.uint16)
    bits = {"F16 all": np.concatenate([halves, halves | 0x8000]).view(np.float16),
            "BF16 some": np.arange(0, 65536, 1021, dtype=np.uint16).view(ml_dtypes.bfloat16)}
    for name, values in bits.items():
        tensors[name] = values
        tensors[f"{name} as F32"] = values.astype(np.float32)
    save_file(tensors, path, metadata={"note": "written by Python, ünïcode"})


def check(path):
    with safe_open(path, framework="numpy") as file:
        print("metadata:", file.metadata())
        for name in sorted(file.keys()):
            tensor = file.get_tensor(name)
            print(f"{name}: {tensor.dtype} {tensor.shape} sum {tensor.sum()!r}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", metavar="FILE")
    arguments = parser.parse_args()
    if arguments.check:
        check(arguments.check)
    else:
        make(pathlib.Path(__file__).parent / "python.safetensors")


if __name__ == "__main__":
    main()
