// Text and JSON between C++ and Python. Bytes that are not UTF-8, as a file name may have, come to Python in the way in
// which it keeps file names itself (surrogateescape).
//
// Thread contract: with Python's lock (the GIL) held.
#pragma once

#include <string>
#include <string_view>

#include <pybind11/pybind11.h>

#include "base/json.h"

namespace spinenet::python {

pybind11::str text_to_python(std::string_view text);
// The lists, dicts, numbers and strings that Python's own json.loads gives of the same document.
pybind11::object json_to_python(const Json& json);
// Of a str, bytes or os.PathLike; TypeError for anything else.
std::string path_of(const pybind11::handle& path);

}  // namespace spinenet::python
