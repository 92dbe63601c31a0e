#include "model/networks.h"

#include "arch/task.h"
#include "engine/detector.h"
#include "engine/two_stage.h"
#include "graph/lower.h"
#include "graph/lower_two_stage.h"
#include "graph/weights.h"

namespace spinenet {

std::vector<Program> lower_networks(const Model& model, int image_size) {
  image_size = image_size_of(model, image_size);
  const Task task = task_named(model.file.task);
  require_task(model.architecture, task);
  const bool whole_levels = task != Task::classify;
  const int side = whole_levels ? input_size(image_size, model.architecture.max_level) : image_size;
  const LowerOptions options{.height = side, .width = side, .classes = static_cast<int>(model.file.classes.size())};
  std::vector<Program> programs;
  switch (task) {
    case Task::detect:
      programs.push_back(lower_detector(model.architecture, options));
      break;
    case Task::classify:
      programs.push_back(lower_classifier(model.architecture, options));
      break;
    case Task::segment:
      return programs_of(lower_two_stage(model.architecture, options));
  }
  return programs;
}

std::vector<Program> networks_of(const Model& model, int image_size) {
  std::vector<Program> programs = lower_networks(model, image_size);
  check_weights(parameters_of_all(programs), model.file.weights, model.path.string());
  return programs;
}

int engine_batch(size_t network, size_t networks) {
  if (network == 0) return 1;
  return network + 1 == networks ? kMaskHeadBatch : kBoxHeadBatch;
}

std::vector<Forward> forwards_of(const Model& model, int image_size, const RunNetwork& run) {
  const std::vector<Program> programs = networks_of(model, image_size);
  std::vector<Forward> forwards;
  if (programs.size() == 1) {
    forwards.push_back(run(programs.front(), model.file.weights));
    return forwards;
  }
  for (const Program& program : programs) forwards.push_back(run(program, own_weights(program, model.file.weights)));
  return forwards;
}

}  // namespace spinenet
