#include <spinenet/spinenet.h>

#include "api/border.h"
#include "arch/families.h"
#include "base/format.h"
#include "data/coco/coco.h"
#include "eval/coco_ap.h"
#include "graph/network_cost.h"

namespace spinenet::api {

std::string version() {
  return SPINENET_VERSION;
}

std::vector<std::string> architectures() {
  return {arch::architecture_names().begin(), arch::architecture_names().end()};
}

Description describe(const std::string& architecture, int image_size, int classes) {
  return at_border([&]() -> Description {
    const arch::Architecture found = arch::find_architecture(architecture);
    graph::LowerOptions options;
    options.height = image_size;
    options.width = image_size;
    options.classes = classes;
    const graph::Cost network = graph::network_cost(found, arch::default_task(found), options);
    return {found.name, network.parameters, network.multiply_adds};
  });
}

std::map<std::string, double> evaluate(const std::string& annotations, const std::string& results,
                                       const std::string& iou) {
  return at_border([&] {
    eval::CocoEvalOptions options;
    if (iou == "segm") {
      options.iou = eval::IouType::segm;
    } else if (iou != "bbox") {
      fail(spinenet::ErrorKind::usage, fmt::format("unknown IoU type \"{}\"", iou), "evaluate", "use bbox or segm");
    }
    const auto [truth, found] = data::read_truth_and_results(annotations, {}, results);
    const eval::CocoEvaluation evaluation = eval::evaluate_coco(truth, found, options);
    std::map<std::string, double> numbers;
    for (const auto& [name, value] : eval::named_numbers(evaluation.metrics)) numbers[name] = value;
    return numbers;
  });
}

}  // namespace spinenet::api
