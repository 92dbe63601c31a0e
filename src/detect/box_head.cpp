#include "detect/box_head.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <tuple>

#include "base/error.h"
#include "base/format.h"
#include "detect/nms.h"

namespace spinenet {
namespace {

struct Candidate {
  float score;
  int label;
  size_t roi;

  bool operator<(const Candidate& other) const {
    return std::tuple(-score, label, roi) < std::tuple(-other.score, other.label, other.roi);
  }
};

// Classes without the background.
size_t class_count(const BoxHeadOutput& output, size_t rois) {
  const size_t classes = rois == 0 ? 0 : output.boxes.size() / (4 * rois);
  const size_t logits = rois * (classes + 1);
  if (4 * rois * classes != output.boxes.size() || logits != output.classes.size()) {
    fail(ErrorKind::failed, fmt::format("{} logits and {} offsets are no answer for {} ROIs", output.classes.size(),
                                        output.boxes.size(), rois));
  }
  return classes;
}

void add_candidates(std::vector<Candidate>& candidates, std::span<const float> logits, size_t roi, float threshold) {
  const float highest = *std::max_element(logits.begin(), logits.end());
  float sum = 0;
  for (const float logit : logits) sum += std::exp(logit - highest);
  for (size_t row = 1; row < logits.size(); ++row) {
    const float score = std::exp(logits[row] - highest) / sum;
    if (score >= threshold) candidates.push_back({score, static_cast<int>(row) - 1, roi});
  }
}

}  // namespace

BoxCode encode_in_roi(const Box& box, const Box& roi) {
  BoxCode code = encode(box, roi);
  for (size_t i = 0; i < code.size(); ++i) code[i] *= kRoiCodeScale[i];
  return code;
}

Box decode_in_roi(std::span<const float, 4> code, const Box& roi) {
  BoxCode plain;
  for (size_t i = 0; i < plain.size(); ++i) plain[i] = code[i] / kRoiCodeScale[i];
  return decode(plain, roi);
}

std::vector<Detection> box_head_detections(const BoxHeadOutput& output, std::span<const Box> rois,
                                           const Extent& picture, const PostprocessOptions& options) {
  const size_t classes = class_count(output, rois.size());
  std::vector<Candidate> candidates;
  for (size_t r = 0; r < rois.size(); ++r) {
    add_candidates(candidates, output.classes.subspan(r * (classes + 1), classes + 1), r, options.score_threshold);
  }
  std::sort(candidates.begin(), candidates.end());
  candidates.resize(std::min(candidates.size(), static_cast<size_t>(std::max(0, options.pre_nms))));
  std::vector<Box> boxes;
  std::vector<float> scores;
  std::vector<int> labels;
  for (const Candidate& candidate : candidates) {
    const size_t at = (candidate.roi * classes + static_cast<size_t>(candidate.label)) * 4;
    const Box decoded = decode_in_roi(output.boxes.subspan(at).first<4>(), rois[candidate.roi]);
    const Box box = clip(decoded, static_cast<float>(picture.width), static_cast<float>(picture.height));
    if (!(box.width() > 0 && box.height() > 0)) continue;
    boxes.push_back(box);
    scores.push_back(candidate.score);
    labels.push_back(candidate.label);
  }
  return detections_by_class(boxes, scores, labels, options.iou, options.max_detections);
}

}  // namespace spinenet
