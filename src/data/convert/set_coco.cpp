#include "data/convert/set_coco.h"

#include <algorithm>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include <simdjson.h>

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "base/json.h"
#include "base/printable.h"
#include "data/coco/coco.h"
#include "data/coco/coco_document.h"
#include "data/coco/coco_rules.h"
#include "data/convert/set_files.h"
#include "data/convert/set_text.h"
#include "data/convert/traits.h"
#include "image/image_folder.h"

namespace spinenet::data {
namespace {

namespace fs = std::filesystem;
namespace dom = simdjson::dom;

struct CocoPart {
  fs::path file;
  SetPart part = SetPart::all;
};

// Each JSON file whose name is that of a part, in the order of the parts.
std::vector<CocoPart> parts_in(const fs::path& source, SetReading& reading) {
  std::error_code error;
  if (!fs::is_directory(source, error)) return {{source, SetPart::all}};
  for (const fs::path& folder : {source / "annotations", source}) {
    if (!fs::is_directory(folder, error)) continue;
    std::vector<CocoPart> parts;
    std::vector<fs::path> others;
    for (const fs::path& file : image::entries_of(folder)) {
      if (!has_suffix(file, ".json") || !fs::is_regular_file(file, error)) continue;
      const std::optional<SetPart> part = part_named(file.stem().string());
      part ? parts.push_back({file, *part}) : others.push_back(file);
    }
    if (parts.empty()) continue;
    std::stable_sort(parts.begin(), parts.end(), [](const CocoPart& a, const CocoPart& b) { return a.part < b.part; });
    for (const fs::path& file : others) {
      reading.leave_out("JSON files that are of no part", printable(file.string()));
    }
    return parts;
  }
  fail(ErrorKind::bad_data, "has no train.json, val.json, test.json or all.json, nor a folder annotations with them",
       source.string(), "name the annotation file");
}

// The value as the text of an attribute; nothing for lists, objects and null.
std::optional<std::string> attribute_text(dom::element value) {
  switch (value.type()) {
    case dom::element_type::STRING:
      return std::string(std::string_view(value));
    case dom::element_type::BOOL:
      return bool(value) ? "true" : "false";
    case dom::element_type::INT64:
      return std::to_string(int64_t(value));
    case dom::element_type::UINT64:
      return std::to_string(uint64_t(value));
    case dom::element_type::DOUBLE:
      return number_text(double(value));
    default:
      return std::nullopt;
  }
}

// What read_coco does not keep, of sound text: the attributes of each annotation, and other keys, which are counted.
class CocoExtras {
 public:
  CocoExtras(std::string text, const fs::path& place, Tally& left_out) : left_out_(left_out) {
    FindingLog log;
    document_ = std::make_unique<CocoDocument>(std::move(text), CocoLimits{}, log);
    log.refuse_errors(place.string());
    dom::object root;
    if (document_->root().get(root) != simdjson::SUCCESS) return;
    for (const auto& [key, value] : root) {
      if (key == "images") count_keys(value, key, {"id", "file_name", "height", "width"});
      if (key == "categories") count_keys(value, key, {"id", "name", "supercategory"});
      if (key == "annotations") {
        count_keys(value, key,
                   {"id", "image_id", "category_id", "bbox", "area", "iscrowd", "segmentation", "attributes"});
        list_attributes(value);
      } else if (key != "images" && key != "categories") {
        ++left_out_[fmt::format("key \"{}\" of the file", printable(key))];
      }
    }
  }

  void add_to(SetObject& object, size_t position) const {
    dom::object attributes;
    if (position >= attributes_.size() || !attributes_[position]) return;
    if (attributes_[position]->get(attributes) != simdjson::SUCCESS) {
      ++left_out_["attributes that are no object"];
      return;
    }
    for (const auto& [key, value] : attributes) {
      if (const auto text = attribute_text(value)) {
        if (value.is_string()) object.text_attributes.emplace(key);
        count_flag(key, value, *text);
        set_trait(object, key, *text);
      } else {
        ++left_out_["attributes that are a list, an object or null"];
      }
    }
  }

 private:
  void count_flag(std::string_view key, dom::element value, const std::string& text) const {
    const std::optional<bool> flag = flag_in(text);
    if (!is_flag(key) || !flag) return;
    if (!*flag) ++left_out_["note: flags among the attributes that are false, which says as much as none"];
    if (*flag && !value.is_bool())
      ++left_out_["note: flags among the attributes that are numbers or texts, read as true"];
  }

  void count_keys(dom::element list, std::string_view name, const std::vector<std::string_view>& known) {
    dom::array entries;
    if (list.get(entries) != simdjson::SUCCESS) return;
    for (const dom::element entry : entries) {
      dom::object object;
      if (entry.get(object) != simdjson::SUCCESS) continue;
      for (const auto& [key, value] : object) {
        if (std::find(known.begin(), known.end(), key) == known.end()) {
          ++left_out_[fmt::format("key \"{}\" of {}", printable(key), name)];
        }
      }
    }
  }

  void list_attributes(dom::element list) {
    dom::array entries;
    if (list.get(entries) != simdjson::SUCCESS) return;
    for (const dom::element entry : entries) {
      dom::element attributes;
      const bool has = entry["attributes"].get(attributes) == simdjson::SUCCESS;
      attributes_.push_back(has ? std::optional(attributes) : std::nullopt);
    }
  }

  Tally& left_out_;
  std::unique_ptr<CocoDocument> document_;
  std::vector<std::optional<dom::element>> attributes_;
};

SetObject object_of(const detect::Annotation& annotation) {
  SetObject object;
  const auto& [x, y, width, height] = annotation.bbox;
  object.box = {x, y, x + width, y + height};
  object.mask = annotation.segmentation;
  object.id = annotation.id;
  object.crowd = annotation.crowd;
  if (annotation.area != geometry_area(annotation)) object.area = annotation.area;
  return object;
}

void add_part(const CocoPart& part, SetReading& reading) {
  const CocoReadOptions options;
  std::error_code error;
  const auto size = static_cast<int64_t>(fs::file_size(part.file, error));
  if (!error && size > options.limits.max_file_bytes) {
    fail(ErrorKind::bad_data, fmt::format("has {} bytes, of which {} are read", size, options.limits.max_file_bytes),
         part.file.string(), "divide it");
  }
  reading.add_file(part.file);
  const std::string text = read_file(part.file);
  const detect::Annotations content = parse_coco_aloud(text, part.file.string(), options);
  Tally left_out;
  const CocoExtras extras(text, part.file, left_out);
  LabelledSet& set = reading.set();
  if (!set.has_category_ids) {
    set.categories = content.categories;
    set.has_category_ids = true;
  } else {
    check_same_classes(set.categories, content.categories);
  }
  std::unordered_map<int64_t, size_t> categories, images;
  for (size_t i = 0; i < set.categories.size(); ++i) categories.emplace(set.categories[i].id, i);
  for (const detect::ImageInfo& info : content.images) {
    SetImage image;
    image.name = info.file_name;
    image.height = info.height;
    image.width = info.width;
    image.part = part.part;
    image.id = info.id;
    images.emplace(info.id, set.images.size());
    reading.add_image(std::move(image), fmt::format("{}: image {}", printable(part.file.string()), info.id));
  }
  for (size_t i = 0; i < content.annotations.size(); ++i) {
    const detect::Annotation& annotation = content.annotations[i];
    SetObject object = object_of(annotation);
    object.category = categories.at(annotation.category_id);
    extras.add_to(object, i);
    const std::string place = fmt::format("{}: annotation {}", printable(part.file.string()), annotation.id);
    reading.add_object(set.images[images.at(annotation.image_id)], std::move(object), place);
  }
  for (const auto& [what, count] : left_out) reading.leave_out(what, part.file.string(), count);
}

// True where every one has an id and no two the same.
template <class Items, class IdOf>
bool has_ids_of_its_own(const Items& items, const IdOf& id_of) {
  std::unordered_set<int64_t> seen;
  return std::all_of(items.begin(), items.end(), [&](const auto& item) {
    const std::optional<int64_t> id = id_of(*item);
    return id && *id >= 0 && *id <= (int64_t{1} << 53) && seen.insert(*id).second;
  });
}

Json attribute_value(const std::string& text) {
  if (text == "true" || text == "false") return text == "true";
  const std::optional<double> number = number_in(text);
  if (!number || number_text(*number) != text) return text;
  if (const std::optional<int64_t> integer = integer_in(text)) return *integer;
  return *number;
}

detect::Annotation annotation_of(const SetObject& object) {
  detect::Annotation annotation;
  const Corners& box = object.box;
  annotation.bbox = {box.x1, box.y1, tidy(box.x2 - box.x1), tidy(box.y2 - box.y1)};
  annotation.crowd = object.crowd;
  annotation.segmentation = object.mask;
  annotation.area = object.area ? *object.area : geometry_area(annotation);
  return annotation;
}

void count_new_id(const std::optional<int64_t>& own, int64_t written, const char* what, Tally& left_out) {
  if (own && *own != written) {
    ++left_out[fmt::format("ids of {}, since not all of a part have one of their own", what)];
  }
}

Json part_json(const LabelledSet& set, SetPart part, Tally& left_out) {
  detect::Annotations content;
  content.categories = set.categories;
  for (size_t i = 0; i < set.categories.size() && !set.has_category_ids; ++i) {
    content.categories[i].id = static_cast<int64_t>(i) + 1;
  }
  std::vector<const SetImage*> images;
  std::vector<const SetObject*> objects;
  for (const SetImage& image : set.images) {
    if (image.part != part) continue;
    images.push_back(&image);
    for (const SetObject& object : image.objects) objects.push_back(&object);
  }
  const bool own_ids = has_ids_of_its_own(images, [](const SetImage& image) { return image.id; });
  const bool own_object_ids = has_ids_of_its_own(objects, [](const SetObject& object) { return object.id; });
  for (const SetImage* image : images) {
    const int64_t id = own_ids ? *image->id : static_cast<int64_t>(content.images.size()) + 1;
    count_new_id(image->id, id, "images", left_out);
    content.images.push_back({id, image->name, image->height, image->width});
    for (const SetObject& object : image->objects) {
      detect::Annotation annotation = annotation_of(object);
      annotation.id = own_object_ids ? *object.id : static_cast<int64_t>(content.annotations.size()) + 1;
      count_new_id(object.id, annotation.id, "annotations", left_out);
      annotation.image_id = id;
      annotation.category_id = content.categories.at(object.category).id;
      content.annotations.push_back(std::move(annotation));
    }
  }
  Json json = to_json(content);
  for (size_t i = 0; i < objects.size(); ++i) {
    for (const auto& [name, value] : traits_of(*objects[i], {.crowd = false})) {
      const bool is_text = objects[i]->text_attributes.contains(name) && !is_flag(name);
      json["annotations"][i]["attributes"][name] = is_text ? Json(value) : attribute_value(value);
    }
  }
  return json;
}

}  // namespace

ReadSet read_coco_set(const fs::path& source, const ReadSetOptions& options) {
  refuse_class_list(options, "the COCO file");
  SetReading reading(options);
  for (const CocoPart& part : parts_in(source, reading)) add_part(part, reading);
  return reading.take();
}

std::vector<SetFile> write_coco_set(const LabelledSet& set, Tally& left_out) {
  std::vector<SetFile> files;
  for (const SetPart part : values_of<SetPart>()) {
    const bool has =
        std::any_of(set.images.begin(), set.images.end(), [&](const SetImage& image) { return image.part == part; });
    const bool is_empty_set = set.images.empty() && part == SetPart::all;
    if (has || is_empty_set) {
      files.push_back({fmt::format("annotations/{}.json", name_of(part)), to_text(part_json(set, part, left_out))});
    }
  }
  return files;
}

}  // namespace spinenet::data
