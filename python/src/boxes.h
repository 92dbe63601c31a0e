// Boxes, labels and crowd marks on their way between NumPy and C++.
//
// Thread contract: with Python's lock (the GIL) held.
#pragma once

#include <vector>

#include <pybind11/numpy.h>

#include "data/loading/dataset.h"
#include "detect/box.h"

namespace spinenet::python {

using Floats = pybind11::array_t<float, pybind11::array::c_style | pybind11::array::forcecast>;
using Bools = pybind11::array_t<bool, pybind11::array::c_style | pybind11::array::forcecast>;
using Labels = pybind11::array_t<int64_t, pybind11::array::c_style | pybind11::array::forcecast>;

// [N, 4]; `place` names them. ErrorKind::usage for another shape, and for corners that are the other way round or no
// finite numbers.
std::vector<detect::Box> boxes_of(const Floats& array, const char* place);
pybind11::array boxes_to_array(const std::vector<detect::Box>& boxes);

// ErrorKind::usage unless there is none or one for each box.
void check_crowd(const Bools& crowd, size_t boxes);

// Of the crowd regions the labels are not looked at; without labels all are 0.
std::vector<data::Target> targets_of(const Floats& boxes, const Labels* labels, const Bools& crowd);

// Crowds from everything else.
struct SeparatedObjects {
  std::vector<detect::Box> boxes, crowd;
};
SeparatedObjects objects_of(const Floats& boxes, const Bools& crowd);

}  // namespace spinenet::python
