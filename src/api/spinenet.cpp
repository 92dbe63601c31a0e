#include <spinenet/spinenet.h>

#include "arch/families.h"
#include "base/error.h"
#include "base/format.h"
#include "data/coco.h"
#include "eval/coco_ap.h"
#include "graph/network_cost.h"

namespace spinenet::api {

std::string version() {
  return SPINENET_VERSION;
}

std::vector<std::string> architectures() {
  return {architecture_names().begin(), architecture_names().end()};
}

Description describe(const std::string& architecture, int image_size, int classes) {
  const Architecture found = find_architecture(architecture);
  LowerOptions options;
  options.height = image_size;
  options.width = image_size;
  options.classes = classes;
  const Cost network = network_cost(found, default_task(found), options);
  return {found.name, network.parameters, network.multiply_adds};
}

std::map<std::string, double> evaluate(const std::string& annotations, const std::string& results,
                                       const std::string& iou) {
  CocoEvalOptions options;
  if (iou == "segm") {
    options.iou = IouType::segm;
  } else if (iou != "bbox") {
    fail(ErrorKind::usage, fmt::format("unknown IoU type \"{}\"", iou), "evaluate", "use bbox or segm");
  }
  const Annotations truth = read_coco(annotations);
  const CocoEvaluation evaluation = evaluate_coco(truth, read_results(results, truth), options);
  std::map<std::string, double> numbers;
  for (const auto& [name, value] : named_numbers(evaluation.metrics)) numbers[name] = value;
  return numbers;
}

}  // namespace spinenet::api
