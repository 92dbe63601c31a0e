#include <cmath>

#include "base/error.h"
#include "base/files.h"
#include "coco_items.h"
#include "data/coco/coco.h"

namespace spinenet::python {
namespace {

// Areas that were computed, flags and names that were converted: pycocotools has no such rules.
constexpr const char* kConversions[] = {"D027", "D031", "D039"};

}  // namespace

std::shared_ptr<const CocoTruth> read_truth(const std::string& path) {
  try {
    data::Skipped said;
    auto truth = std::make_shared<CocoTruth>();
    truth->content = data::parse_coco(read_file(path), path, {}, &said);
    for (const char* code : kConversions) {
      if (said.faults.contains(code)) return nullptr;
    }
    return truth;
  } catch (const Error&) {
    return nullptr;  // Python's own reader says what is wrong, or takes it
  }
}

std::shared_ptr<const CocoResults> read_results(const std::string& path, const CocoTruth& truth) {
  try {
    auto found = std::make_shared<CocoResults>();
    found->results = data::read_results(path, truth.content);
    if (found->results.empty()) return nullptr;
    found->area_of_boxes = !found->results.front().box_from_mask;
    for (const detect::Result& result : found->results) {
      const bool as_first = result.box_from_mask != found->area_of_boxes;
      const bool measurable = found->area_of_boxes || !result.mask.counts.empty();
      if (!as_first || !measurable || std::isnan(result.score)) return nullptr;
    }
    return found;
  } catch (const Error&) {
    return nullptr;
  }
}

}  // namespace spinenet::python
