// The anchors of a network and what each of them learns, for Python.
//
// Thread contract: anchors_of and require_yolo are pure functions; yolo_labels_to_python needs Python's lock (the GIL).
#pragma once

#include <string>
#include <vector>

#include <pybind11/pybind11.h>

#include "arch/architecture.h"
#include "data/loading/yolo_labels.h"
#include "detect/box.h"

namespace spinenet::python {

constexpr int kLargestInput = 8192;  // pixels of a side, as in a recipe

// Of RetinaNet's head (task detect), or of the region proposals of a segmenter. ErrorKind::usage where there are none.
std::vector<detect::Box> anchors_of(const arch::Architecture& architecture, const std::string& task, int image_size);

// ErrorKind::usage unless a detector of this architecture has the YOLO head and this side of an input; `place` asks.
void require_yolo(const arch::Architecture& architecture, int image_size, const char* place);

// Matches [M, 2], the anchor cell and the place of the box, and ignored anchor cells [I].
pybind11::tuple yolo_labels_to_python(const data::YoloLabels& labels);

}  // namespace spinenet::python
