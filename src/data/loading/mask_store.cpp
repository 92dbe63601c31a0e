#include "data/loading/mask_store.h"

namespace spinenet::data {

void MaskStore::add(const detect::Segmentation& segmentation) {
  for (const std::vector<double>& polygon : segmentation.polygons) {
    for (const double value : polygon) points_.push_back(static_cast<float>(value));
    polygon_ends_.push_back(static_cast<int64_t>(points_.size()));
  }
  const detect::Rle& rle = segmentation.rle;
  counts_.insert(counts_.end(), rle.counts.begin(), rle.counts.end());
  items_.push_back({static_cast<int64_t>(polygon_ends_.size()), static_cast<int64_t>(counts_.size()),
                    static_cast<int32_t>(rle.height), static_cast<int32_t>(rle.width)});
}

detect::Segmentation MaskStore::get(int64_t index) const {
  const Item before = index == 0 ? Item{} : items_[static_cast<size_t>(index - 1)];
  const Item& item = items_[static_cast<size_t>(index)];
  detect::Segmentation segmentation;
  for (int64_t p = before.polygon_end; p < item.polygon_end; ++p) {
    const int64_t begin = p == 0 ? 0 : polygon_ends_[static_cast<size_t>(p - 1)];
    segmentation.polygons.emplace_back(points_.begin() + begin,
                                       points_.begin() + polygon_ends_[static_cast<size_t>(p)]);
  }
  segmentation.rle = {item.height, item.width, {}};
  segmentation.rle.counts.assign(counts_.begin() + before.count_end, counts_.begin() + item.count_end);
  return segmentation;
}

int64_t MaskStore::heap_bytes() const {
  const auto bytes = [](const auto& items) { return items.capacity() * sizeof(items[0]); };
  return static_cast<int64_t>(bytes(items_) + bytes(polygon_ends_) + bytes(points_) + bytes(counts_));
}

}  // namespace spinenet::data
