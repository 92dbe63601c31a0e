// What the boxes of a data set say about a detector for it: the size of its input and its anchors, each with the
// reason.
//
// A box counts by its side, the root of its area, as a share of its image's longer side: images are scaled to fit a
// square input. Source of the anchors' rule: RetinaNet, section 4: an object should overlap an anchor by a half, which
// needs sides and ratios that begin near those of the smallest and narrowest objects.
//
// Thread contract: pure functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "detect/annotations.h"

namespace spinenet::data {

struct DatasetAdvice {
  int image_size = 0;                                // height and width of the input, a multiple of 128
  double anchor_size = 0;                            // side of the smallest anchor of a level, in strides
  std::vector<double> aspect_ratios{};               // width to height, the middle one first
  std::string image_size_reason{}, anchor_reason{};  // one sentence each
};

// None where no box, apart from crowd regions, has an area.
std::optional<DatasetAdvice> advice(const detect::Annotations& annotations);
Json to_json(const DatasetAdvice& advice);

}  // namespace spinenet::data
