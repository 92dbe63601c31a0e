// An evaluation of what coco_items.h took in: its arrays, and from the same data who was matched with whom.
//
// Thread contract: measure_coco goes without Python's lock; the functions that make Python objects want it.
#pragma once

#include <memory>
#include <optional>

#include <pybind11/pybind11.h>

#include "coco_items.h"
#include "eval/coco_ap.h"

namespace spinenet::python {

struct CocoMeasured {
  std::shared_ptr<const CocoTruth> truth;
  std::shared_ptr<const CocoResults> results;
  eval::CocoProtocol protocol;
  eval::IouType iou = eval::IouType::bbox;
  eval::CellIndex index;
  eval::CellSelection selection;
  std::optional<eval::CocoArrays> arrays;  // empty once they are taken
};

// Null where the data is not what the evaluation understands as pycocotools does.
std::shared_ptr<CocoMeasured> measure_coco(std::shared_ptr<const CocoTruth> truth,
                                           std::shared_ptr<const CocoResults> results, eval::IouType iou,
                                           eval::CellSelection selection, eval::CocoProtocol protocol);

// Fills in arrays that were taken.
void measure_again(CocoMeasured& measured);

// What the entries of evalImgs repeat: the ids as pycocotools' params hold them.
struct EvalNames {
  pybind11::list image_ids, category_ids, area_ranges;
  pybind11::object max_detections;
};

// evalImgs: a dict or None for each category, area range and image.
pybind11::list eval_images(const CocoMeasured& measured, const EvalNames& names);
// ious: an array [D, G] or [] for each image and category.
pybind11::dict all_ious(const CocoMeasured& measured, const EvalNames& names);

}  // namespace spinenet::python
