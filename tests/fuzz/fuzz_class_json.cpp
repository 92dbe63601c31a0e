// Any bytes as a classification set as iNaturalist writes them: refused as bad data, or a set that keeps its invariant,
// is read the same once more, and is divided and matched to itself without loss.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <unordered_set>

#include "base/error.h"
#include "base/json.h"
#include "data/classes/class_set.h"

namespace spinenet {
namespace {

const data::ClassReadOptions kOptions{.limits = {.max_file_bytes = 1 << 20, .max_string_bytes = 1 << 12}};

void require(bool holds) {
  if (!holds) std::abort();
}

void check_set(const data::ClassSet& set) {
  std::unordered_set<int64_t> ids;
  std::unordered_set<std::string> names;
  for (const detect::Category& category : set.classes) {
    require(ids.insert(category.id).second && !category.name.empty() && names.insert(category.name).second);
  }
  ids.clear();
  names.clear();
  for (const data::ClassifiedImage& image : set.images) {
    require(image.label >= 0 && static_cast<size_t>(image.label) < set.classes.size());
    require(ids.insert(image.id).second && names.insert(image.file_name).second && !image.file_name.empty());
  }
}

std::string written(const data::ClassSet& set) {
  Json json{{"images", Json::array()}, {"annotations", Json::array()}, {"categories", Json::array()}};
  for (const detect::Category& category : set.classes) {
    json["categories"].push_back(
        {{"id", category.id}, {"name", category.name}, {"supercategory", category.supercategory}});
  }
  for (const data::ClassifiedImage& image : set.images) {
    json["images"].push_back({{"id", image.id}, {"file_name", image.file_name}});
    json["annotations"].push_back(
        {{"image_id", image.id}, {"category_id", set.classes[static_cast<size_t>(image.label)].id}});
  }
  return to_text(json);
}

// What is read is refused for a class without images alone.
void check_uses(const data::ClassSet& set) {
  const auto [learned, measured] = data::hold_out(set, 0.5);
  require(learned.images.size() + measured.images.size() == set.images.size());
  const data::ClassSet again = data::with_classes_of(set.classes, set, /*ids=*/true, "again");
  require(again.images.size() == set.images.size());
  for (size_t i = 0; i < set.images.size(); ++i) require(again.images[i].label == set.images[i].label);
  try {
    data::check_no_empty_class(set, "fuzz");
  } catch (const Error& error) {
    require(error.kind() == ErrorKind::bad_data);
  }
}

}  // namespace
}  // namespace spinenet

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace spinenet;
  data::ClassSet set;
  try {
    set = data::parse_class_json(std::string(reinterpret_cast<const char*>(data), size), "fuzz", kOptions);
  } catch (const Error& error) {
    require(error.kind() == ErrorKind::bad_data);
    return 0;
  }
  check_set(set);
  const data::ClassSet again = data::parse_class_json(written(set), "again", kOptions);
  require(written(again) == written(set));
  check_uses(set);
  return 0;
}
