#include "eval/overlap.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/error.h"
#include "base/format.h"

namespace spinenet::eval {
namespace {

// A mask with what bounds its overlap cheaply.
struct MeasuredMask {
  const detect::Rle* rle = nullptr;
  detect::PixelRect rect;
  uint64_t pixels = 0;
  bool plain = true;  // no empty runs but the first: the bound below holds for the COCO API's number too
};

MeasuredMask measure(const detect::Rle& rle) {
  bool plain = true;
  for (size_t i = 1; i < rle.counts.size(); ++i) plain &= rle.counts[i] != 0;
  return {&rle, detect::pixel_extent(rle), detect::area(rle), plain};
}

// At least the IoU of the two masks.
double iou_bound(const MeasuredMask& detected, const MeasuredMask& truth, bool crowd) {
  const int64_t w = std::min(detected.rect.x + detected.rect.width, truth.rect.x + truth.rect.width) -
                    std::max(detected.rect.x, truth.rect.x);
  const int64_t h = std::min(detected.rect.y + detected.rect.height, truth.rect.y + truth.rect.height) -
                    std::max(detected.rect.y, truth.rect.y);
  if (w <= 0 || h <= 0) return 0;
  const uint64_t shared = std::min({static_cast<uint64_t>(w * h), detected.pixels, truth.pixels});
  const uint64_t joined = crowd ? detected.pixels : detected.pixels + truth.pixels - shared;
  return static_cast<double>(shared) / static_cast<double>(std::max<uint64_t>(joined, 1));
}

// The truth's mask; `made` holds it where it had to be drawn from polygons.
const detect::Rle& truth_mask(const detect::Annotation& annotation, const detect::ImageInfo& image, detect::Rle& made) {
  const detect::Segmentation& segmentation = annotation.segmentation;
  if (!segmentation.rle.counts.empty()) return segmentation.rle;
  if (segmentation.polygons.empty()) {
    fail(ErrorKind::bad_data, fmt::format("annotation {} has no segmentation", annotation.id), "annotations",
         "evaluate boxes, or give every annotation a mask");
  }
  std::vector<detect::Rle> parts;
  parts.reserve(segmentation.polygons.size());
  for (const std::vector<double>& polygon : segmentation.polygons) {
    parts.push_back(detect::rle_from_polygon(polygon, image.height, image.width));
  }
  made = parts.size() == 1 ? std::move(parts.front()) : detect::merge(parts);
  return made;
}

class MaskCell {
 public:
  MaskCell(const OverlapQuestion& question, const Cell& cell) : image_(*question.index->images[cell.image]) {
    made_.resize(cell.truth_count());
    for (uint32_t i = 0; i < cell.truth_count(); ++i) {
      const uint32_t at = question.index->truths[cell.truth_begin + i];
      const detect::Annotation& annotation = question.annotations->annotations[at];
      truths_.push_back(measure(truth_mask(annotation, image_, made_[i])));
      crowd_.push_back(annotation.crowd);
    }
  }

  void add(const detect::Result& result, double lowest, std::vector<Overlap>& pairs) const {
    detect::Rle made;
    if (result.mask.counts.empty()) made = detect::rle_from_box(result.bbox, image_.height, image_.width);
    const MeasuredMask detected = measure(result.mask.counts.empty() ? made : result.mask);
    for (uint32_t i = 0; i < truths_.size(); ++i) {
      const bool bounded = detected.plain && truths_[i].plain;
      if (bounded && iou_bound(detected, truths_[i], crowd_[i]) < lowest) continue;
      const double value = detect::mask_iou(*detected.rle, *truths_[i].rle, crowd_[i]);
      if (!(value < lowest)) pairs.push_back({i, value});
    }
  }

 private:
  const detect::ImageInfo& image_;
  std::vector<detect::Rle> made_;
  std::vector<MeasuredMask> truths_;
  std::vector<bool> crowd_;
};

}  // namespace

double box_iou(const std::array<double, 4>& detected, const std::array<double, 4>& truth, bool crowd) {
  const double w = std::min(detected[2] + detected[0], truth[2] + truth[0]) - std::max(detected[0], truth[0]);
  if (w <= 0) return 0;
  const double h = std::min(detected[3] + detected[1], truth[3] + truth[1]) - std::max(detected[1], truth[1]);
  if (h <= 0) return 0;
  const double shared = w * h;
  const double detected_area = detected[2] * detected[3];
  const double joined = crowd ? detected_area : detected_area + truth[2] * truth[3] - shared;
  return shared / joined;
}

void find_overlaps(const OverlapQuestion& question, const Cell& cell, std::span<const uint32_t> kept,
                   CellOverlaps& overlaps) {
  overlaps.pairs.clear();
  overlaps.begin.assign(kept.size() + 1, 0);
  if (cell.truth_count() == 0 || kept.empty()) return;
  std::optional<MaskCell> masks;
  if (question.iou == IouType::segm) masks.emplace(question, cell);
  for (size_t d = 0; d < kept.size(); ++d) {
    const detect::Result& result = question.results[kept[d]];
    if (masks) {
      masks->add(result, question.lowest, overlaps.pairs);
    } else {
      for (uint32_t i = 0; i < cell.truth_count(); ++i) {
        const uint32_t at = question.index->truths[cell.truth_begin + i];
        const detect::Annotation& annotation = question.annotations->annotations[at];
        const double value = box_iou(result.bbox, annotation.bbox, annotation.crowd);
        if (!(value < question.lowest)) overlaps.pairs.push_back({i, value});
      }
    }
    overlaps.begin[d + 1] = static_cast<uint32_t>(overlaps.pairs.size());
  }
}

void by_score(const CellIndex& index, const Cell& cell, std::span<const detect::Result> results, size_t limit,
              std::vector<uint32_t>& order) {
  order.assign(index.results.begin() + cell.result_begin, index.results.begin() + cell.result_end);
  const auto before = [&](uint32_t a, uint32_t b) { return results[a].score > results[b].score; };
  constexpr size_t kFew = 16;
  if (order.size() > kFew) {
    std::stable_sort(order.begin(), order.end(), before);
  } else {  // as stable, and it wants no memory
    for (auto at = order.begin(); at != order.end(); ++at)
      std::rotate(std::upper_bound(order.begin(), at, *at, before), at, at + 1);
  }
  if (order.size() > limit) order.resize(limit);
}

}  // namespace spinenet::eval
