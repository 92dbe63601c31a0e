#include "runtime/networks.h"

#include "arch/task.h"
#include "graph/lower.h"
#include "graph/lower_two_stage.h"
#include "graph/weights.h"
#include "runtime/detector.h"
#include "runtime/two_stage.h"

namespace spinenet::runtime {

std::vector<graph::Program> lower_networks(const Model& model, int image_size) {
  image_size = image_size_of(model, image_size);
  const arch::Task task = arch::task_named(model.file.task);
  arch::require_task(model.architecture, task);
  const bool whole_levels = task != arch::Task::classify;
  const int side = whole_levels ? input_size(image_size, model.architecture.max_level) : image_size;
  const graph::LowerOptions options{
      .height = side, .width = side, .classes = static_cast<int>(model.file.classes.size())};
  std::vector<graph::Program> programs;
  switch (task) {
    case arch::Task::detect:
      programs.push_back(graph::lower_detector(model.architecture, options));
      break;
    case arch::Task::classify:
      programs.push_back(graph::lower_classifier(model.architecture, options));
      break;
    case arch::Task::segment:
      return graph::programs_of(graph::lower_two_stage(model.architecture, options));
  }
  return programs;
}

std::vector<graph::Program> networks_of(const Model& model, int image_size) {
  std::vector<graph::Program> programs = lower_networks(model, image_size);
  graph::check_weights(graph::parameters_of_all(programs), model.file.weights, model.path.string());
  return programs;
}

int engine_batch(size_t network, size_t networks) {
  if (network == 0) return 1;
  return network + 1 == networks ? kMaskHeadBatch : kBoxHeadBatch;
}

std::vector<graph::Forward> forwards_of(const Model& model, int image_size, const RunNetwork& run) {
  const std::vector<graph::Program> programs = networks_of(model, image_size);
  std::vector<graph::Forward> forwards;
  if (programs.size() == 1) {
    forwards.push_back(run(programs.front(), model.file.weights));
    return forwards;
  }
  for (const graph::Program& program : programs)
    forwards.push_back(run(program, graph::own_weights(program, model.file.weights)));
  return forwards;
}

}  // namespace spinenet::runtime
