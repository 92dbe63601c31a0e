#include "settings.h"

#include "base/format.h"

namespace spinenet::python {
namespace py = pybind11;

std::vector<std::string> settings_of(const py::dict& values) {
  std::vector<std::string> settings;
  const py::object dumps = py::module_::import("json").attr("dumps");
  for (const auto& [key, value] : values) {
    const bool is_text = py::isinstance<py::str>(value);
    settings.push_back(fmt::format("{}={}", py::cast<std::string>(key),
                                   py::cast<std::string>(is_text ? py::object(py::str(value)) : dumps(value))));
  }
  return settings;
}

}  // namespace spinenet::python
