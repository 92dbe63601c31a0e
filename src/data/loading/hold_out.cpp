#include "data/loading/hold_out.h"

#include <algorithm>
#include <cmath>
#include <unordered_set>
#include <vector>

#include "base/error.h"
#include "base/random.h"

namespace spinenet::data {

std::pair<detect::Annotations, detect::Annotations> hold_out(const detect::Annotations& annotations, double share,
                                                             uint64_t seed) {
  const size_t total = annotations.images.size();
  if (total < 2) {
    fail(ErrorKind::bad_data, "the training set has fewer than two images, so none can be held out", "data.hold_out",
         "set it to 0 and name a validation set");
  }
  std::vector<std::pair<uint64_t, int64_t>> order;  // a random number of each image, the image's id
  order.reserve(total);
  const Random random(seed);
  for (const detect::ImageInfo& image : annotations.images) {
    order.emplace_back(random.fork(static_cast<uint64_t>(image.id)).next(), image.id);
  }
  std::ranges::sort(order);
  const auto wanted = static_cast<size_t>(std::llround(share * static_cast<double>(total)));
  order.resize(std::clamp<size_t>(wanted, 1, total - 1));
  std::unordered_set<int64_t> held;
  for (const auto& [number, id] : order) held.insert(id);

  std::pair<detect::Annotations, detect::Annotations> parts;
  parts.first.categories = annotations.categories;
  parts.second.categories = annotations.categories;
  for (const detect::ImageInfo& image : annotations.images) {
    (held.contains(image.id) ? parts.second : parts.first).images.push_back(image);
  }
  for (const detect::Annotation& annotation : annotations.annotations) {
    (held.contains(annotation.image_id) ? parts.second : parts.first).annotations.push_back(annotation);
  }
  return parts;
}

}  // namespace spinenet::data
