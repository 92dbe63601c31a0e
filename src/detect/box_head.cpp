#include "detect/box_head.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <tuple>

#include "base/error.h"
#include "base/format.h"
#include "detect/nms.h"
#include "detect/raw_outputs.h"

namespace spinenet::detect {
namespace {

struct ClassBox {
  float score;
  int label;
  size_t roi;

  bool operator<(const ClassBox& other) const {
    return std::tuple(-score, label, roi) < std::tuple(-other.score, other.label, other.roi);
  }
};

// Of each ROI: classes without the background, and boxes.
struct Counts {
  size_t classes = 0, boxes = 0;
};

Counts counts_of(const BoxHeadOutput& output, size_t rois) {
  Counts counts;
  if (rois > 0) counts = {std::max<size_t>(1, output.classes.size() / rois) - 1, output.boxes.size() / (4 * rois)};
  const bool whole = rois * (counts.classes + (rois > 0 ? 1 : 0)) == output.classes.size() &&
                     4 * rois * counts.boxes == output.boxes.size();
  if (!whole || (counts.boxes != counts.classes && counts.boxes != 1)) {
    fail(ErrorKind::failed, fmt::format("{} logits and {} offsets are no answer for {} ROIs", output.classes.size(),
                                        output.boxes.size(), rois));
  }
  return counts;
}

void add_candidates(std::vector<ClassBox>& candidates, std::span<const float> logits, size_t roi,
                    const PostprocessOptions& options) {
  const float highest = *std::max_element(logits.begin(), logits.end());
  float sum = 0;
  for (const float logit : logits) sum += std::exp(logit - highest);
  for (size_t row = 1; row < logits.size(); ++row) {
    const float score = std::exp(logits[row] - highest) / sum;
    const int label = static_cast<int>(row) - 1;
    if (score >= options.score_threshold && counts(options, label)) candidates.push_back({score, label, roi});
  }
}

}  // namespace

BoxCode roi_code_scale(size_t stage) {
  const auto times = static_cast<float>(stage + 1);
  return {10 * times, 10 * times, 5 * times, 5 * times};
}

BoxCode encode_in_roi(const Box& box, const Box& roi, size_t stage) {
  BoxCode code = encode(box, roi);
  const BoxCode scale = roi_code_scale(stage);
  for (size_t i = 0; i < code.size(); ++i) code[i] *= scale[i];
  return code;
}

Box decode_in_roi(std::span<const float, 4> code, const Box& roi, size_t stage) {
  BoxCode plain;
  const BoxCode scale = roi_code_scale(stage);
  for (size_t i = 0; i < plain.size(); ++i) plain[i] = code[i] / scale[i];
  return decode(plain, roi);
}

std::vector<Box> refine_rois(std::span<const float> codes, std::span<const Box> rois, const Extent& image,
                             size_t stage) {
  if (codes.size() != 4 * rois.size()) {
    fail(ErrorKind::failed, fmt::format("{} offsets are no boxes for {} ROIs", codes.size(), rois.size()));
  }
  std::vector<Box> refined(rois.begin(), rois.end());
  for (size_t r = 0; r < rois.size(); ++r) {
    const Box decoded = decode_in_roi(codes.subspan(4 * r).first<4>(), rois[r], stage);
    const Box box = clip(decoded, static_cast<float>(image.width), static_cast<float>(image.height));
    if (is_finite(decoded) && box.width() > 0 && box.height() > 0) refined[r] = box;
  }
  return refined;
}

std::vector<Detection> box_head_detections(const BoxHeadOutput& output, std::span<const Box> rois, const Extent& image,
                                           const PostprocessOptions& options) {
  const auto [classes, boxes_each] = counts_of(output, rois.size());
  std::vector<ClassBox> candidates;
  for (size_t r = 0; r < rois.size(); ++r) {
    add_candidates(candidates, output.classes.subspan(r * (classes + 1), classes + 1), r, options);
  }
  std::sort(candidates.begin(), candidates.end());
  candidates.resize(std::min(candidates.size(), static_cast<size_t>(std::max(0, options.pre_nms))));
  std::vector<Box> boxes;
  std::vector<float> scores;
  std::vector<int> labels;
  for (const ClassBox& candidate : candidates) {
    const size_t own = boxes_each == 1 ? 0 : static_cast<size_t>(candidate.label);
    const size_t at = (candidate.roi * boxes_each + own) * 4;
    const Box decoded = decode_in_roi(output.boxes.subspan(at).first<4>(), rois[candidate.roi], output.stage);
    const Box box = clip(decoded, static_cast<float>(image.width), static_cast<float>(image.height));
    if (!(box.width() > 0 && box.height() > 0)) continue;
    boxes.push_back(box);
    scores.push_back(candidate.score);
    labels.push_back(candidate.label);
  }
  return detections_by_class(boxes, scores, labels, nms_options(options));
}

}  // namespace spinenet::detect
