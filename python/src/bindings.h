// What each file of this folder adds to the module spinenet_cpp._core.
//
// Thread contract: called once, when Python imports the module.
#pragma once

#include <optional>

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

namespace spinenet::python {

// What the classes say where they come from: the package, not its compiled part.
inline constexpr const char* kPackage = "spinenet_cpp";

void bind_errors(pybind11::module_& module);
void bind_architecture(pybind11::module_& module);
void bind_prediction(pybind11::module_& module);
void bind_model(pybind11::module_& module);
void bind_program(pybind11::module_& module);
void bind_model_file(pybind11::module_& module);
void bind_training(pybind11::module_& module);  // with the two below
void bind_batches(pybind11::module_& module);
void bind_object_masks(pybind11::module_& module);
void bind_study(pybind11::module_& module);

}  // namespace spinenet::python
