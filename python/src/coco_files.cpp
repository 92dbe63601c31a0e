#include <cmath>

#include "base/error.h"
#include "base/files.h"
#include "coco_items.h"
#include "data/coco/coco.h"

namespace spinenet::python {
namespace {

// Areas that were computed, flags and names that were converted: pycocotools has no such rules.
constexpr const char* kConversions[] = {"D027", "D031", "D039"};

std::shared_ptr<CocoTruth> parse_truth(const std::string& text, const std::string& place, bool masks,
                                       const data::CocoPieces& pieces) {
  try {
    data::Skipped said;
    auto truth = std::make_shared<CocoTruth>();
    truth->content = data::parse_kept_coco(text, place, {.segmentations = masks, .pieces = pieces}, &said);
    for (const char* code : kConversions) {
      if (said.faults.contains(code)) return nullptr;
    }
    return truth;
  } catch (const Error&) {
    return nullptr;  // Python's own reader says what is wrong, or takes it
  }
}

}  // namespace

// Boxes want no masks, and most of a file is masks.
std::shared_ptr<const CocoTruth> read_truth(const std::string& path, const data::CocoPieces& pieces) {
  std::string text;
  try {
    text = read_file(path);
  } catch (const Error&) {
    return nullptr;
  }
  std::shared_ptr<CocoTruth> truth = parse_truth(text, path, false, pieces);
  if (truth == nullptr) return nullptr;
  truth->text = std::move(text);
  truth->place = path;
  truth->pieces = pieces;
  return truth;
}

std::shared_ptr<const CocoTruth> with_masks(const CocoTruth& truth) {
  return parse_truth(truth.text, truth.place, true, truth.pieces);
}

std::shared_ptr<const CocoResults> read_results(const std::string& path, const CocoTruth& truth,
                                                const data::CocoPieces& pieces) {
  try {
    auto found = std::make_shared<CocoResults>();
    found->results = data::read_results(path, truth.content, {}, pieces);
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
