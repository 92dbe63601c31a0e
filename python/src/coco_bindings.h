// What bind_coco.cpp and bind_mask.cpp add to the module spinenet_cpp._core: the names that spinenet_cpp.coco, cocoeval
// and mask call. All begin with an underscore: what users call is the Python around them. Arguments have no names here;
// the stubs give them some.
//
// Thread contract: called once, when Python imports the module.
#pragma once

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

namespace spinenet::python {

void bind_coco(pybind11::module_& module);
void bind_mask(pybind11::module_& module);

}  // namespace spinenet::python
