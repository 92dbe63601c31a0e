#!/usr/bin/env python3
"""Reads a folder of event files with TensorBoard's own reader and prints every scalar.

    check_tensorboard.py FOLDER

Needs: pip install tensorboard
"""

import sys

from tensorboard.backend.event_processing import event_accumulator


def main():
    reader = event_accumulator.EventAccumulator(sys.argv[1], size_guidance={"scalars": 0})
    reader.Reload()
    print("file version", reader.file_version if hasattr(reader, "file_version") else "unknown")
    for tag in reader.Tags()["scalars"]:
        print(tag, [(event.step, event.value) for event in reader.Scalars(tag)])


if __name__ == "__main__":
    main()
