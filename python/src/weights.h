// Named tensors between C++ and Python: Weights as a dict of float32 arrays, in the order of the names.
//
// Thread contract: with Python's lock (the GIL) held.
#pragma once

#include <string_view>

#include <pybind11/numpy.h>

#include "base/host_tensor.h"

namespace spinenet::python {

// Of floats or integers, in any layout; copied as float32. `place` is what messages call it.
HostTensor tensor_of(const pybind11::handle& array, std::string_view place);
pybind11::array to_array(HostTensor tensor);

Weights weights_of(const pybind11::dict& arrays);
pybind11::dict to_dict(Weights weights);

}  // namespace spinenet::python
