// Writes a model file of an architecture that nobody trained: speed does not depend on the weights.
//   untrained_model ARCHITECTURE TASK SIZE CLASSES FILE
#include <string>

#include "arch/families.h"
#include "arch/task.h"
#include "arch/text.h"
#include "base/format.h"
#include "formats/model_file.h"
#include "graph/lower_two_stage.h"
#include "graph/weights.h"

namespace {

using namespace spinenet;

std::vector<Program> programs_of(const Architecture& architecture, Task task, const LowerOptions& options) {
  switch (task) {
    case Task::detect:
      return {lower_detector(architecture, options)};
    case Task::classify:
      return {lower_classifier(architecture, options)};
    case Task::segment:
      break;
  }
  return programs_of(lower_two_stage(architecture, options));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    fmt::print(stderr, "usage: untrained_model ARCHITECTURE TASK SIZE CLASSES FILE\n");
    return 2;
  }
  const Architecture architecture = find_architecture(argv[1]);
  const Task task = task_named(argv[2]);
  const int size = std::stoi(argv[3]), classes = std::stoi(argv[4]);
  ModelFile model;
  model.architecture = to_json(architecture);
  model.task = name_of(task);
  for (int k = 0; k < classes; ++k) model.classes.push_back({k + 1, fmt::format("class {}", k + 1)});
  model.image_size = size;
  for (const Program& program : programs_of(architecture, task, {.height = size, .width = size, .classes = classes})) {
    model.weights.merge(initial_weights(program, {.residual_norm_weight = 1, .predictor_deviation = 0.01}, 1));
  }
  write_model(argv[5], model);
  return 0;
}
