// read_class_json: classes as an iNaturalist-style file says them.
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include <simdjson.h>

#include "base/error.h"
#include "base/format.h"
#include "data/classes/class_set.h"
#include "data/coco/coco_conversions.h"
#include "data/coco/coco_document.h"
#include "data/coco/coco_rules.h"
#include "data/coco/coco_values.h"

namespace spinenet::data {
namespace {

namespace dom = simdjson::dom;

MaybeElement find_key(dom::object object, std::string_view key) {
  dom::element element;
  if (object.at_key(key).get(element) != simdjson::SUCCESS) return std::nullopt;
  return element;
}

// One pass over the three lists; what is wrong goes to the log.
class ClassScan {
 public:
  ClassScan(dom::element root, const ClassReadOptions& options, FindingLog& log) : options_(options), log_(log) {
    dom::object object;
    if (root.get(object) != simdjson::SUCCESS) {
      log_.add(Fault::not_an_object, "", "the top level is not an object");
      return;
    }
    for_each(object, "categories", [this](dom::object entry, int64_t at) { category(entry, at); });
    for_each(object, "images", [this](dom::object entry, int64_t at) { image(entry, at); });
    for_each(object, "annotations", [this](dom::object entry, int64_t at) { annotation(entry, at); });
  }

  ClassSet take(std::string_view place) {
    for (const ClassifiedImage& picture : set_.images) {
      if (picture.label >= 0) continue;
      fail(ErrorKind::bad_data, fmt::format("image {} ({}) has no annotation", picture.id, picture.file_name), place,
           "annotate it or remove it from images");
    }
    return std::move(set_);
  }

 private:
  template <class Visit>
  void for_each(dom::object object, std::string_view name, const Visit& visit) {
    const auto element = find_key(object, name);
    dom::array entries;
    if (!element || element->get(entries) != simdjson::SUCCESS) {
      log_.add(Fault::list_missing, fmt::format("/{}", name), element ? "is not a list" : "is missing");
      return;
    }
    int64_t at = 0;
    for (const dom::element entry : entries) {
      dom::object fields;
      if (entry.get(fields) == simdjson::SUCCESS) {
        visit(fields, at);
      } else {
        log_.add(Fault::bad_id, Place{name, at, ""}, "is not an object with an id");
      }
      ++at;
    }
  }

  std::optional<int64_t> id_of(dom::object entry, Field field, const Place& place) {
    std::string why;
    const auto id = read_id(field, find_key(entry, rule_of(field).key), why);
    if (!id) log_.add(Fault::bad_id, place, fmt::format("the {} {}", rule_of(field).key, why));
    return id;
  }

  // "" where there is none; `key` may be another than that of the rule.
  std::string name_of(dom::object entry, Field field, std::string_view key, int64_t at) {
    std::string why;
    bool converted = false;
    std::optional<std::string> text = read_name(field, find_key(entry, key), why, converted);
    if (!text) log_.add(Fault::bad_category_text, Place{"categories", at, key}, fmt::format("the {} {}", key, why));
    if (converted) log_.add(Fault::converted_value, Place{"categories", at, key}, fmt::format("the {} {}", key, why));
    return text.value_or("");
  }

  void category(dom::object entry, int64_t at) {
    const auto id = id_of(entry, Field::category_id, {"categories", at, "id"});
    if (!id) return;
    if (!label_of_id_.emplace(*id, static_cast<int>(set_.classes.size())).second) {
      log_.add(Fault::duplicate_category_id, Place{"categories", at, "id"}, fmt::format("id {} is used twice", *id));
      return;
    }
    const int64_t refused = log_.count(Fault::bad_category_text);
    detect::Category category{*id, name_of(entry, Field::category_name, "name", at),
                              name_of(entry, Field::category_supercategory, options_.group_key, at)};
    if (log_.count(Fault::bad_category_text) > refused) return;
    if (category.name.empty() || !class_names_.insert(category.name).second) {
      const std::string what =
          category.name.empty() ? "the name is missing" : fmt::format("the name \"{}\" is used twice", category.name);
      log_.add(Fault::duplicate_category_name, Place{"categories", at, "name"}, what);
    }
    set_.classes.push_back(std::move(category));
  }

  void image(dom::object entry, int64_t at) {
    const auto id = id_of(entry, Field::image_id, {"images", at, "id"});
    if (!id) return;
    if (!image_of_id_.emplace(*id, set_.images.size()).second) {
      log_.add(Fault::duplicate_image_id, Place{"images", at, "id"}, fmt::format("id {} is used twice", *id));
      return;
    }
    const Place place{"images", at, "file_name"};
    const MaybeElement element = find_key(entry, "file_name");
    std::string unsafe = why_refused(Field::image_file_name, element);
    std::string name;
    if (unsafe.empty()) {
      name = std::string_view(*element);
      unsafe = unsafe_file_name_reason(name);
    }
    if (!unsafe.empty()) log_.add(Fault::unsafe_file_name, place, fmt::format("the file name \"{}\" {}", name, unsafe));
    if (!file_names_.insert(name).second) {
      log_.add(Fault::repeated_image, place, fmt::format("\"{}\" is used twice", name));
    }
    set_.images.push_back({*id, std::move(name), -1});
  }

  void annotation(dom::object entry, int64_t at) {
    const Place image_place{"annotations", at, "image_id"};
    const Place class_place{"annotations", at, "category_id"};
    const auto image = id_of(entry, Field::annotation_image_id, image_place);
    const auto category = id_of(entry, Field::annotation_category_id, class_place);
    if (!image || !category) return;
    const auto picture = image_of_id_.find(*image);
    if (picture == image_of_id_.end()) {
      log_.add(Fault::unknown_image, image_place, fmt::format("no image has id {}", *image));
      return;
    }
    const auto label = label_of_id_.find(*category);
    if (label == label_of_id_.end()) {
      log_.add(Fault::unknown_category, class_place, fmt::format("no category has id {}", *category));
      return;
    }
    ClassifiedImage& found = set_.images[picture->second];
    if (found.label >= 0 && found.label != label->second) {
      log_.add(Fault::unknown_category, class_place,
               fmt::format("image {} ({}) is of category {} too; an image has one class here", *image, found.file_name,
                           set_.classes[static_cast<size_t>(found.label)].id));
    }
    found.label = label->second;
  }

  const ClassReadOptions& options_;
  FindingLog& log_;
  ClassSet set_;
  std::unordered_map<int64_t, int> label_of_id_;
  std::unordered_map<int64_t, size_t> image_of_id_;
  std::unordered_set<std::string> class_names_, file_names_;
};

// Warnings of a detection set that a classification set cannot live with.
void refuse_repeated_names(const FindingLog& log, std::string_view place) {
  for (const Finding& finding : log.findings()) {
    if (finding.code != code(Fault::duplicate_category_name) && finding.code != code(Fault::repeated_image)) continue;
    fail(ErrorKind::bad_data, fmt::format("{} {}: {}", finding.code, finding.place, finding.message), place,
         finding.remedy);
  }
}

ClassSet scan(const CocoDocument& document, std::string_view place, const ClassReadOptions& options, FindingLog& log) {
  log.refuse_errors(place);
  ClassScan scan(document.root(), options, log);
  log.refuse_errors(place);
  refuse_repeated_names(log, place);
  warn_of_conversions(log, place);
  return scan.take(place);
}

}  // namespace

ClassSet parse_class_json(std::string text, std::string_view place, const ClassReadOptions& options) {
  FindingLog log;
  const CocoDocument document(std::move(text), options.limits, log);
  return scan(document, place, options, log);
}

ClassSet read_class_json(const std::filesystem::path& path, const ClassReadOptions& options) {
  FindingLog log;
  const std::string place = path.string();
  std::string text = read_limited(place, options.limits, log);
  log.refuse_errors(place);
  const CocoDocument document(std::move(text), options.limits, log);
  return scan(document, place, options, log);
}

}  // namespace spinenet::data
