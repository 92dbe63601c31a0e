// The extension module spinenet_cpp._core.
#include <string>

#include "base/fork_count.h"
#include "bindings.h"
#include "coco_bindings.h"
#include "without_lock.h"

namespace {

// pybind11 before 2.12 takes the size of a number from where NumPy 1 kept it. With NumPy 2 every array would be made
// with false strides, and show false numbers.
void refuse_unknown_numpy() {
  constexpr bool kKnowsNumpy2 = PYBIND11_VERSION_HEX >= 0x020C0000;
  const auto version = pybind11::module_::import("numpy").attr("__version__").cast<std::string>();
  if (kKnowsNumpy2 || version.starts_with("1.")) return;
  throw pybind11::import_error(
      "NumPy " + version + ": this spinenet_cpp was built with pybind11 " + std::to_string(PYBIND11_VERSION_MAJOR) +
      "." + std::to_string(PYBIND11_VERSION_MINOR) +
      ", which knows NumPy 1 alone; install \"numpy<2\", or build it with pybind11 2.12 or newer");
}

}  // namespace

PYBIND11_MODULE(_core, module) {
  using namespace spinenet::python;
  refuse_unknown_numpy();
  module.doc() = "The compiled part of spinenet_cpp.";
  module.def(
      "version", [] { return SPINENET_VERSION; }, "The version of the program and of this package, such as 0.3.0.");
  bind_errors(module);
  bind_architecture(module);
  bind_prediction(module);
  bind_model(module);
  bind_program(module);
  bind_model_file(module);
  bind_training(module);
  bind_study(module);
  bind_coco(module);
  bind_mask(module);
  // Python calls it before it takes anything down.
  const auto at_end = [forks = spinenet::fork_count()] {
    if (spinenet::fork_count() == forks) wait_for_computing();
  };
  pybind11::module_::import("atexit").attr("register")(pybind11::cpp_function(at_end));
}
