// What objects with the attributes of pycocotools' COCO hold, taken into C++ for one evaluation: dicts of annotations
// and results as lists of Python, or files that the package's own reader read.
//
// Invariant: only what the evaluation in C++ understands as pycocotools does is taken. All else (a value of another
// type, an id that occurs twice, a score that is no number) makes `plain` false, and the caller takes the way through
// Python. Thread contract: those of Python objects want Python's lock (the GIL), the others go without.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <pybind11/pybind11.h>

#include "data/coco/coco_limits.h"
#include "detect/annotations.h"
#include "detect/detections.h"

namespace spinenet::python {

struct CocoTruth {
  detect::Annotations content;
  bool plain = true;
  // Of a file, where `content` has no masks yet: what they are read from when they are asked for, and where that is.
  std::string text, place;
  data::CocoPieces pieces{};
};

struct CocoResults {
  std::vector<detect::Result> results;
  std::vector<int64_t> ids;   // empty: place + 1
  std::vector<double> areas;  // empty: of the boxes or of the masks
  bool area_of_boxes = true;
  bool plain = true;

  int64_t id_of(uint32_t at) const { return ids.empty() ? int64_t{at} + 1 : ids[at]; }
};

// Without the lock. Null where there is anything in the file that pycocotools would understand otherwise, or not at
// all.
std::shared_ptr<const CocoTruth> read_truth(const std::string& path, const data::CocoPieces& pieces);
std::shared_ptr<const CocoTruth> with_masks(const CocoTruth& truth);  // as of a file
std::shared_ptr<const CocoResults> read_results(const std::string& path, const CocoTruth& truth,
                                                const data::CocoPieces& pieces);

// A run-length code in its text form, which belongs to Python.
struct MaskText {
  std::string_view counts;
  int64_t height = 0, width = 0;
  bool given = false;
};

// What the Python dicts hold, before masks are decoded.
struct GatheredResults {
  CocoResults found;
  std::vector<MaskText> masks;  // of each result, where masks are wanted
  std::vector<pybind11::object> keepers;
  bool mask_areas = false;  // a result's size is that of its mask
  bool mask_boxes = false;  // its box is that of its mask
};

struct DictIndex {
  pybind11::dict images_annotations;  // imgToAnns
  pybind11::dict annotations;         // anns
  pybind11::dict images;              // imgs
};

// Of the images of `image_ids`, in their order; `masks`: segmentations are wanted, else boxes. Where the flag iscrowd
// may be absent, it is 0 then.
std::shared_ptr<CocoTruth> truth_of(const DictIndex& index, const pybind11::list& image_ids, bool masks,
                                    bool flag_may_be_absent);
// Of a list for loadRes (`first` has a box: sizes are those of the boxes).
GatheredResults results_of_list(const pybind11::list& list, bool masks, bool has_boxes);
// Of a COCO object that holds results with ids and areas.
GatheredResults results_of_index(const DictIndex& index, const pybind11::list& image_ids, bool masks);
// float64 or float32 [N, 7]: image id, x, y, width, height, score, category id.
GatheredResults results_of_array(const pybind11::object& array);

// Without the lock: decodes the masks.
void decode_masks(GatheredResults& gathered);

}  // namespace spinenet::python
