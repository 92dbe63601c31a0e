#!/usr/bin/env python3
"""Writes two small checkpoints by TensorFlow itself, which import_tensorflow_test.cpp reads: bundle_v2, of
tf.train.Checkpoint, with an element type in each variable, an optimizer's slot and a text; and bundle_v1, of
tf.compat.v1.train.Saver, with a partitioned variable. Element k of a variable is k / 2 - 1.

    make_bundle_oracle.py FOLDER       needs tensorflow and tf_keras
"""
import os
import pathlib
import sys

os.environ["TF_USE_LEGACY_KERAS"] = "1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
import tf_keras  # noqa: E402

TYPES = ["float32", "float64", "float16", "bfloat16", "int32", "int64", "int8", "int16", "uint8", "bool"]


def value(shape, kind="float32"):
    numbers = np.arange(np.prod(shape, dtype=int)).reshape(shape) / 2 - 1
    return tf.cast(tf.constant(numbers), kind)


class Part(tf.Module):
    def __init__(self):
        super().__init__(name="part")
        with self.name_scope:
            self.kernel = tf.Variable(value([2, 3]), name="kernel")


def write_v2(path):
    part = Part()
    optimizer = tf_keras.optimizers.legacy.SGD(0.0, momentum=0.9)
    optimizer.apply_gradients([(tf.zeros_like(part.kernel), part.kernel)])
    variables = {kind: tf.Variable(value([3], kind), name="typed") for kind in TYPES}
    tf.train.Checkpoint(part=part, optimizer=optimizer, text=tf.Variable("words"), scalar=tf.Variable(value([])),
                        **variables).write(str(path))


def write_v1(path):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        v1.get_variable("a/kernel", initializer=value([2, 3]))
        v1.get_variable("a/kernel/Momentum", initializer=value([2, 3]))
        v1.get_variable("global_step", initializer=np.int64(7))
        v1.get_variable("parts", shape=[4, 2], partitioner=v1.fixed_size_partitioner(2))
        session.run(v1.global_variables_initializer())
        v1.train.Saver().save(session, str(path), write_meta_graph=False, write_state=False)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1])
    write_v2(folder / "bundle_v2")
    write_v1(folder / "bundle_v1")


if __name__ == "__main__":
    main()
