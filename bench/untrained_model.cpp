// Writes a model file of an architecture that nobody trained: speed does not depend on the weights.
//   untrained_model ARCHITECTURE TASK SIZE CLASSES FILE
#include <string>

#include "arch/families.h"
#include "arch/task.h"
#include "arch/text.h"
#include "base/format.h"
#include "base/output.h"
#include "formats/model_file.h"
#include "graph/lower_two_stage.h"
#include "graph/weights.h"

namespace {

using namespace spinenet;

std::vector<graph::Program> programs_of(const arch::Architecture& architecture, arch::Task task,
                                        const graph::LowerOptions& options) {
  switch (task) {
    case arch::Task::detect:
      return {graph::lower_detector(architecture, options)};
    case arch::Task::classify:
      return {graph::lower_classifier(architecture, options)};
    case arch::Task::segment:
      break;
  }
  return programs_of(graph::lower_two_stage(architecture, options));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    fmt::print(stderr, "usage: untrained_model ARCHITECTURE TASK SIZE CLASSES FILE\n");
    return 2;
  }
  const arch::Architecture architecture = arch::find_architecture(argv[1]);
  const arch::Task task = arch::task_named(argv[2]);
  const int size = std::stoi(argv[3]), classes = std::stoi(argv[4]);
  formats::ModelFile model;
  model.architecture = to_json(architecture);
  model.task = name_of(task);
  for (int k = 0; k < classes; ++k) model.classes.push_back({k + 1, fmt::format("class {}", k + 1)});
  model.image_size = size;
  for (const graph::Program& program :
       programs_of(architecture, task, {.height = size, .width = size, .classes = classes})) {
    model.weights.merge(graph::initial_weights(program, {.residual_norm_weight = 1, .predictor_deviation = 0.01}, 1));
  }
  formats::write_model(RunFiles().output({argv[5], "untrained_model", true}), model);
  return 0;
}
