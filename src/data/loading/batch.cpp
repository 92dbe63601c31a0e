#include "data/loading/batch.h"

namespace spinenet::data {

Batch make_batch(std::vector<Prepared> prepared, int height, int width, const image::Normalization& normalization) {
  Batch batch;
  batch.images = static_cast<int64_t>(prepared.size());
  batch.height = height;
  batch.width = width;
  const size_t image_size = size_t{3} * static_cast<size_t>(height) * static_cast<size_t>(width);
  batch.pixels.resize(prepared.size() * image_size);
  for (size_t i = 0; i < prepared.size(); ++i) {
    Prepared& p = prepared[i];
    image::normalize(p.image, normalization, std::span(batch.pixels).subspan(i * image_size, image_size));
    batch.image_ids.push_back(p.image_id);
    batch.letterboxes.push_back(p.letterbox);
    batch.targets.push_back(std::move(p.targets));
    batch.image_labels.push_back(p.image_label);
    batch.masks.push_back(std::move(p.masks));
    if (!p.labels.classes.empty()) batch.labels.push_back(std::move(p.labels));
    if (p.yolo_labels) batch.yolo_labels.push_back(std::move(*p.yolo_labels));
  }
  return batch;
}

}  // namespace spinenet::data
