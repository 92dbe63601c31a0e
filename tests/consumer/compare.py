#!/usr/bin/env python3
"""compare.py RESULTS.json FILE...: whether each file, written by a consumer, tells the objects of `spinenet predict`."""
import json
import pathlib
import sys


def objects_of(result):
    x, y, width, height = result["bbox"]
    return [result["category_id"], x, y, x + width, y + height, result["score"]]


def main():
    results = json.loads(pathlib.Path(sys.argv[1]).read_text())
    if not results:
        sys.exit("predict found nothing: there is nothing to compare")
    expected = [objects_of(result) for result in results]
    for name in sys.argv[2:]:
        found = [[float(x) for x in line.split()] for line in pathlib.Path(name).read_text().splitlines()]
        same = len(found) == len(expected) and all(
            abs(a - b) <= 1e-3 for one, other in zip(found, expected) for a, b in zip(one, other)
        )
        if not same:
            sys.exit(f"{name} has\n{found}\nwhere predict has\n{expected}")
    print(f"{len(expected)} objects, the same from each of {len(sys.argv) - 2} consumers")


main()
