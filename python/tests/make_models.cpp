// Writes the models that the tests of the Python package open: narrow networks of two classes (ids 3 and 7) with random
// weights, which find something everywhere.
//   make_models FOLDER       writes detect.safetensors, segment.safetensors and classify.safetensors
#include <filesystem>

#include "base/format.h"
#include "base/output.h"
#include "formats/model_file.h"
#include "runtime/test_models.h"

namespace {

using namespace spinenet;

// Of these initial weights a detector finds something everywhere.
formats::ModelFile lively_model(arch::Task task) {
  runtime::Model model = runtime::model_for(task);
  if (task == arch::Task::detect) {
    const graph::LowerOptions lower{.height = 128, .width = 128, .classes = 2};
    const graph::InitOptions lively{.residual_norm_weight = 1, .predictor_deviation = 0.3, .prior = 0.3};
    model.file.weights = graph::initial_weights(graph::lower_detector(model.architecture, lower), lively, 1);
  }
  return model.file;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: make_models FOLDER\n");
    return 2;
  }
  for (const arch::Task task : values_of<arch::Task>()) {
    const std::filesystem::path path = std::filesystem::path(argv[1]) / fmt::format("{}.safetensors", name_of(task));
    formats::write_model(RunFiles().output({path.string(), "make_models", true}), lively_model(task));
  }
  return 0;
}
