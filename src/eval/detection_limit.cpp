#include "eval/detection_limit.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/format.h"

namespace spinenet::eval {

BeyondLimit beyond_limit(const detect::Annotations& annotations, std::span<const detect::Result> results, int limit) {
  BeyondLimit beyond;
  std::unordered_map<int64_t, int64_t> objects;
  for (const detect::Annotation& annotation : annotations.annotations) {
    if (!annotation.crowd) ++objects[annotation.image_id];
  }
  for (const auto& [image, count] : objects) {
    beyond.crowded_images += count > limit ? 1 : 0;
    beyond.most_objects = std::max(beyond.most_objects, count);
  }
  std::set<int64_t> known;
  for (const detect::Category& category : annotations.categories) known.insert(category.id);
  std::map<std::pair<int64_t, int64_t>, int64_t> cells;  // of image and category
  for (const detect::Result& result : results) {
    if (known.contains(result.category_id)) ++cells[{result.image_id, result.category_id}];
  }
  std::set<int64_t> images;
  for (const auto& [cell, count] : cells) {
    if (count <= limit) continue;
    images.insert(cell.first);
    beyond.results += count - limit;
  }
  beyond.images = static_cast<int64_t>(images.size());
  return beyond;
}

std::string to_text(const BeyondLimit& beyond, int limit) {
  std::vector<std::string> parts;
  if (beyond.images > 0) {
    parts.push_back(
        fmt::format("{} image{} more than {} results of one category: {} of the lowest scores count for "
                    "nothing, as in COCO's protocol",
                    beyond.images, beyond.images == 1 ? " has" : "s have", limit, beyond.results));
  }
  if (beyond.crowded_images > 0) {
    parts.push_back(fmt::format("{} image{} more than {} objects (at most {}), and a model gives {} of an image",
                                beyond.crowded_images, beyond.crowded_images == 1 ? " has" : "s have", limit,
                                beyond.most_objects, limit));
  }
  if (parts.empty()) return "";
  return fmt::format("{}; --max-detections changes the limit", fmt::join(parts, "; "));
}

}  // namespace spinenet::eval
