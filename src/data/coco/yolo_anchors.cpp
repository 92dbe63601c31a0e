#include "data/coco/yolo_anchors.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "detect/yolo_targets.h"

namespace spinenet::data {
namespace {

using detect::AnchorSize;

constexpr size_t kMostBoxes = 20'000;  // of a level; of more, some are taken evenly over the sizes
constexpr int kMostRounds = 200;

float area_of(const AnchorSize& size) {
  return size[0] * size[1];
}

// Of all boxes with an area that are no crowds, in pixels of the input.
std::vector<AnchorSize> box_sizes(const detect::Annotations& annotations, int image_size) {
  std::unordered_map<int64_t, double> scale;
  for (const detect::ImageInfo& image : annotations.images) {
    const auto longer = static_cast<double>(std::max(image.width, image.height));
    if (longer > 0) scale.emplace(image.id, image_size / longer);
  }
  std::vector<AnchorSize> sizes;
  for (const detect::Annotation& box : annotations.annotations) {
    const auto found = scale.find(box.image_id);
    if (box.crowd || found == scale.end() || !(box.bbox[2] > 0) || !(box.bbox[3] > 0)) continue;
    sizes.push_back({static_cast<float>(box.bbox[2] * found->second), static_cast<float>(box.bbox[3] * found->second)});
  }
  return sizes;
}

size_t level_of(const AnchorSize& size, const std::vector<detect::YoloLevel>& levels) {
  size_t level = 0;
  while (level + 1 < levels.size() &&
         std::sqrt(area_of(size)) >= kLevelSide * static_cast<float>(levels[level].stride)) {
    ++level;
  }
  return level;
}

// From small to large, the same order for equal sets of boxes.
void sort_by_area(std::vector<AnchorSize>& sizes) {
  std::ranges::sort(sizes, [](const AnchorSize& a, const AnchorSize& b) {
    return area_of(a) != area_of(b) ? area_of(a) < area_of(b) : a < b;
  });
}

std::vector<AnchorSize> evenly(const std::vector<AnchorSize>& sorted, size_t count) {
  std::vector<AnchorSize> taken;
  for (size_t i = 0; i < count; ++i) taken.push_back(sorted[(2 * i + 1) * sorted.size() / (2 * count)]);
  return taken;
}

size_t nearest_centre(const std::vector<AnchorSize>& centres, const AnchorSize& size) {
  size_t best = 0;
  for (size_t c = 1; c < centres.size(); ++c) {
    if (detect::centred_iou(centres[c], size) > detect::centred_iou(centres[best], size)) best = c;
  }
  return best;
}

// The mean of each cluster; a centre that nothing is nearest to stays.
std::vector<AnchorSize> moved(const std::vector<AnchorSize>& centres, const std::vector<AnchorSize>& sizes) {
  std::vector<std::array<double, 3>> sums(centres.size());
  for (const AnchorSize& size : sizes) {
    std::array<double, 3>& sum = sums[nearest_centre(centres, size)];
    sum = {sum[0] + size[0], sum[1] + size[1], sum[2] + 1};
  }
  std::vector<AnchorSize> means = centres;
  for (size_t c = 0; c < centres.size(); ++c) {
    if (sums[c][2] == 0) continue;
    means[c] = {static_cast<float>(sums[c][0] / sums[c][2]), static_cast<float>(sums[c][1] / sums[c][2])};
  }
  return means;
}

// Rounded to tenths of a pixel, as a recipe writes them.
std::vector<AnchorSize> cluster_centres(std::vector<AnchorSize> sizes, size_t count) {
  sort_by_area(sizes);
  if (sizes.size() > kMostBoxes) sizes = evenly(sizes, kMostBoxes);
  std::vector<AnchorSize> centres = evenly(sizes, count);
  for (int round = 0; round < kMostRounds; ++round) {
    std::vector<AnchorSize> next = moved(centres, sizes);
    if (next == centres) break;
    centres = std::move(next);
  }
  for (AnchorSize& centre : centres) {
    for (float& side : centre) side = std::max(0.1F, std::round(side * 10) / 10);
  }
  sort_by_area(centres);
  return centres;
}

}  // namespace

FittedAnchors fit_yolo_anchors(const detect::Annotations& annotations, int image_size,
                               std::vector<detect::YoloLevel> levels) {
  std::vector<std::vector<AnchorSize>> sizes(levels.size());
  for (const AnchorSize& size : box_sizes(annotations, image_size)) sizes[level_of(size, levels)].push_back(size);
  FittedAnchors result;
  for (size_t i = 0; i < levels.size(); ++i) {
    const size_t count = levels[i].anchors.size();
    result.boxes.push_back(sizes[i].size());
    result.fitted.push_back(sizes[i].size() >= kBoxesForAnchor * count);
    if (result.fitted.back()) levels[i].anchors = cluster_centres(std::move(sizes[i]), count);
  }
  result.levels = std::move(levels);
  return result;
}

}  // namespace spinenet::data
