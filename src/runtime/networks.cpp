#include "runtime/networks.h"

#include "arch/task.h"
#include "graph/anchors.h"
#include "graph/lower.h"
#include "graph/lower_two_stage.h"
#include "graph/weights.h"

namespace spinenet::runtime {

std::vector<graph::Program> lower_networks(const Model& model, int image_size) {
  image_size = image_size_of(model, image_size);
  const arch::Task task = arch::task_named(model.file.task);
  arch::require_task(model.architecture, task);
  const bool whole_levels = task != arch::Task::classify;
  const int side = whole_levels ? graph::input_size(image_size, arch::coarsest_stride(model.architecture)) : image_size;
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
  graph::check_weights(graph::parameters_of_all(programs), weights_of(model), model.path.string());
  return programs;
}

}  // namespace spinenet::runtime
