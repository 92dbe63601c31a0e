// Keys of a recipe with their values, from a dict of Python to the form of --set.
//
// Thread contract: with Python's lock (the GIL) held.
#pragma once

#include <string>
#include <vector>

#include <pybind11/pybind11.h>

namespace spinenet::python {

// "key=value" of each entry, the value as JSON. TypeError for what JSON does not have.
std::vector<std::string> settings_of(const pybind11::dict& values);

}  // namespace spinenet::python
