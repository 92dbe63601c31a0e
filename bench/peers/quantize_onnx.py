#!/usr/bin/env python3
"""Makes an int8 network of an ONNX file, for ONNX Runtime and OpenVINO to run beside spinenet's int8.

    quantize_onnx.py ONNX OUT

Weights by output channel, activations by tensor as bytes with a zero point, calibrated on one random picture: good for
the speed, not for the outputs. Needs numpy, onnx and onnxruntime (PyPI).
"""
import pathlib
import sys
import tempfile

import numpy
import onnx
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process


class OnePicture(CalibrationDataReader):
    def __init__(self, name, shape):
        self.pictures = [{name: numpy.random.default_rng(1).uniform(-2, 2, shape).astype(numpy.float32)}]

    def get_next(self):
        return self.pictures.pop() if self.pictures else None


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    taken = onnx.load(sys.argv[1], load_external_data=False).graph.input[0]
    shape = [d.dim_value for d in taken.type.tensor_type.shape.dim]
    with tempfile.TemporaryDirectory() as folder:
        prepared = pathlib.Path(folder) / "prepared.onnx"
        quant_pre_process(sys.argv[1], prepared, skip_symbolic_shape=True)
        quantize_static(prepared, sys.argv[2], OnePicture(taken.name, shape), quant_format=QuantFormat.QDQ,
                        per_channel=True, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8)


main()
