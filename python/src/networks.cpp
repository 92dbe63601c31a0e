#include "networks.h"

#include <utility>

#include "base/error.h"
#include "base/format.h"
#include "graph/anchors.h"
#include "graph/lower.h"
#include "graph/lower_two_stage.h"
#include "graph/weights.h"

namespace spinenet::python {
namespace {

constexpr std::string_view kFeatures = "features";
constexpr int kMostPixels = 65536, kMostClasses = 100'000;

void check(const NetworkOptions& options) {
  if (options.image_size < 1 || options.image_size > kMostPixels) {
    fail(ErrorKind::usage, fmt::format("an image size of {}", options.image_size), "image_size",
         fmt::format("use 1 to {}", kMostPixels));
  }
  if (options.classes < 1 || options.classes > kMostClasses) {
    fail(ErrorKind::usage, fmt::format("{} classes", options.classes), "classes",
         fmt::format("use 1 to {}", kMostClasses));
  }
  if (!(options.stochastic_depth >= 0 && options.stochastic_depth < 1)) {
    fail(ErrorKind::usage, fmt::format("a drop rate of {}", options.stochastic_depth), "stochastic_depth",
         "use 0 to less than 1");
  }
}

bool has_levels(const arch::Architecture& architecture, const NetworkOptions& options) {
  if (options.task == kFeatures) return arch::default_task(architecture) != arch::Task::classify;
  return arch::task_named(options.task) != arch::Task::classify;
}

std::vector<Network> two_stages(const arch::Architecture& architecture, const graph::LowerOptions& lower) {
  graph::TwoStageProgram parts = graph::lower_two_stage(architecture, lower);
  std::vector<Network> networks;
  networks.push_back({"trunk", std::move(parts.trunk)});
  for (size_t stage = 0; stage < parts.box_heads.size(); ++stage) {
    networks.push_back({graph::stage_name("box_head", stage), std::move(parts.box_heads[stage])});
  }
  networks.push_back({"mask_head", std::move(parts.mask_head)});
  return networks;
}

}  // namespace

int input_side(const arch::Architecture& architecture, const NetworkOptions& options) {
  if (!has_levels(architecture, options)) return options.image_size;
  return graph::input_size(options.image_size, arch::coarsest_stride(architecture));
}

std::vector<Network> lower_networks(const arch::Architecture& architecture, const NetworkOptions& options) {
  check(options);
  const int side = input_side(architecture, options);
  const graph::LowerOptions lower{side, side, options.classes, options.stochastic_depth};
  if (options.task == kFeatures) return {{"network", graph::lower_backbone(architecture, lower)}};
  const arch::Task task = arch::task_named(options.task);
  arch::require_task(architecture, task);
  switch (task) {
    case arch::Task::detect:
      return {{"network", graph::lower_detector(architecture, lower)}};
    case arch::Task::classify:
      return {{"network", graph::lower_classifier(architecture, lower)}};
    case arch::Task::segment:
      return two_stages(architecture, lower);
  }
  fail(ErrorKind::failed, "an unknown task", options.task);
}

graph::Program parameters_of(const std::vector<Network>& networks) {
  std::vector<graph::Program> programs;
  for (const Network& network : networks) programs.push_back(network.program);
  return graph::parameters_of_all(programs);
}

}  // namespace spinenet::python
