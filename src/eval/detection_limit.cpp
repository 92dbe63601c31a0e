#include "eval/detection_limit.h"

#include <algorithm>
#include <unordered_map>
#include <vector>

#include "base/format.h"

namespace spinenet::eval {
namespace {

// Image -> how many results it has, of whatever category. The results of an image mostly stand together.
std::unordered_map<int64_t, int64_t> results_of_images(std::span<const detect::Result> results, size_t images) {
  std::unordered_map<int64_t, int64_t> counts;
  counts.reserve(images);
  int64_t* count = nullptr;
  int64_t image = 0;
  for (const detect::Result& result : results) {
    if (count == nullptr || result.image_id != image) {
      image = result.image_id;
      count = &counts[image];
    }
    ++*count;
  }
  return counts;
}

// Indices of the known categories of each image's results, only of images with more results than the limit.
std::vector<std::vector<size_t>> categories_of_full_images(const detect::Annotations& annotations,
                                                           std::span<const detect::Result> results, int limit) {
  std::vector<std::vector<size_t>> full;
  std::unordered_map<int64_t, size_t> places;  // image -> index in `full`
  for (const auto& [image, count] : results_of_images(results, annotations.images.size())) {
    if (count <= limit) continue;
    places[image] = full.size();
    full.emplace_back().reserve(static_cast<size_t>(count));
  }
  if (full.empty()) return full;
  std::unordered_map<int64_t, size_t> categories;
  for (const detect::Category& category : annotations.categories) categories.emplace(category.id, categories.size());
  auto place = places.end();
  const detect::Result* last = nullptr;
  for (const detect::Result& result : results) {
    if (last == nullptr || last->image_id != result.image_id) place = places.find(result.image_id);
    last = &result;
    if (place == places.end()) continue;
    const auto category = categories.find(result.category_id);
    if (category != categories.end()) full[place->second].push_back(category->second);
  }
  return full;
}

}  // namespace

BeyondLimit beyond_limit(const detect::Annotations& annotations, std::span<const detect::Result> results, int limit,
                         bool use_categories) {
  BeyondLimit beyond;
  beyond.of_category = use_categories;
  if (static_cast<int64_t>(results.size()) <= limit) return beyond;
  std::vector<int64_t> counts(annotations.categories.size());
  const auto counted_as = [&](size_t category) { return use_categories ? category : 0; };
  for (const std::vector<size_t>& categories : categories_of_full_images(annotations, results, limit)) {
    const int64_t before = beyond.results;
    for (const size_t category : categories) beyond.results += ++counts[counted_as(category)] > limit ? 1 : 0;
    for (const size_t category : categories) counts[counted_as(category)] = 0;
    beyond.images += beyond.results > before ? 1 : 0;
  }
  return beyond;
}

void add_crowded_images(const detect::Annotations& annotations, int limit, BeyondLimit& beyond) {
  std::unordered_map<int64_t, int64_t> objects;
  for (const detect::Annotation& annotation : annotations.annotations) {
    if (!annotation.crowd) ++objects[annotation.image_id];
  }
  for (const auto& [image, count] : objects) {
    beyond.crowded_images += count > limit ? 1 : 0;
    beyond.most_objects = std::max(beyond.most_objects, count);
  }
}

std::string to_text(const BeyondLimit& beyond, int limit) {
  std::vector<std::string> parts;
  if (beyond.images > 0) {
    parts.push_back(
        fmt::format("{} image{} more than {} results{}: {} of the lowest scores count for nothing, as in COCO's "
                    "protocol",
                    beyond.images, beyond.images == 1 ? " has" : "s have", limit,
                    beyond.of_category ? " of one category" : "", beyond.results));
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
