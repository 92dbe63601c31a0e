// The extension module spinenet_cpp._core.
#include "base/fork_count.h"
#include "bindings.h"
#include "coco_bindings.h"
#include "without_lock.h"

PYBIND11_MODULE(_core, module) {
  using namespace spinenet::python;
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
