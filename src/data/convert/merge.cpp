#include "data/convert/merge.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/error.h"
#include "base/format.h"
#include "base/printable.h"
#include "data/convert/coco_tree.h"

namespace spinenet::data {
namespace {

namespace fs = std::filesystem;
namespace dom = simdjson::dom;

// Ids of one list over all files: the first that asks for one has it, others get one that no file uses.
class IdPool {
 public:
  void announce(int64_t id) { known_.insert(id); }
  int64_t take(int64_t id) {
    if (taken_.insert(id).second) return id;
    if (next_ == 0) next_ = known_.empty() ? 0 : *std::max_element(known_.begin(), known_.end());
    do {
      next_ = next_ < (int64_t{1} << 53) ? next_ + 1 : 1;
    } while (!known_.insert(next_).second);
    taken_.insert(next_);
    return next_;
  }

 private:
  std::unordered_set<int64_t> known_, taken_;
  int64_t next_ = 0;
};

using IdMap = std::unordered_map<int64_t, int64_t>;

struct FileIds {
  IdMap images, categories, licenses;
  std::vector<int64_t> annotations;
  std::vector<std::string> names;  // of images
};

std::optional<int64_t> license_id(dom::element entry) {
  int64_t id = 0;
  return entry["id"].get(id) == simdjson::SUCCESS ? std::optional(id) : std::nullopt;
}

// The license without its id: equal ones are one.
std::string license_text(dom::element entry) {
  return object_with(entry, {{"id", "0"}});
}

// Whether the key's value is joined with that of the other files; values of another type than COCO's are not.
bool is_joined(std::string_view key, dom::element value) {
  if (key == "info") return value.is_object();
  if (key == "licenses") return value.is_array();
  return key == "images" || key == "annotations" || key == "categories";
}

class Merger {
 public:
  Merger(std::vector<CocoTree> trees, const MergeOptions& options) : trees_(std::move(trees)), options_(options) {}

  std::string merge(MergeReport& report) {
    map_categories(report);
    map_licenses(report);
    map_images(report);
    map_annotations(report);
    report.files = static_cast<int64_t>(trees_.size());
    return text(report);
  }

 private:
  void map_categories(MergeReport& report) {
    IdPool pool;
    for (const CocoTree& tree : trees_) {
      for (const detect::Category& category : tree.content.categories) pool.announce(category.id);
    }
    std::unordered_map<std::string, int64_t> by_name;
    std::unordered_map<int64_t, std::string> by_id;
    for (const CocoTree& tree : trees_) {
      FileIds ids;
      std::vector<bool> is_new;
      const std::vector<dom::element> entries = tree.entries("categories");
      for (const detect::Category& category : tree.content.categories) {
        const auto name = by_name.find(category.name);
        const auto id = by_id.find(category.id);
        const bool same = name != by_name.end() && name->second == category.id;
        if (!options_.by_name && !same && (name != by_name.end() || id != by_id.end()))
          refuse_category(tree, category, by_id);
        is_new.push_back(name == by_name.end());
        if (name != by_name.end()) count_other_keys(entries_[category.name], entries.at(is_new.size() - 1), report);
        entries_.try_emplace(category.name, entries.at(is_new.size() - 1));
        const int64_t own = name == by_name.end() ? pool.take(category.id) : name->second;
        ids.categories.emplace(category.id, own);
        by_name.emplace(category.name, own);
        by_id.emplace(own, category.name);
        report.categories_renumbered += own == category.id ? 0 : 1;
      }
      report.categories += std::count(is_new.begin(), is_new.end(), true);
      new_categories_.push_back(std::move(is_new));
      ids_.push_back(std::move(ids));
    }
  }

  // What a later entry of a category says otherwise than the first, or beside it, is lost.
  static void count_other_keys(dom::element first, dom::element later, MergeReport& report) {
    dom::object object;
    if (later.get(object) != simdjson::SUCCESS) return;
    for (const auto& [key, value] : object) {
      dom::element known;
      const bool is_there = first[key].get(known) == simdjson::SUCCESS;
      if (key == "id" || (is_there && std::string(simdjson::minify(known)) == std::string(simdjson::minify(value)))) {
        continue;
      }
      ++report.left_out[fmt::format("categories.{}", printable(key))];
    }
  }

  [[noreturn]] static void refuse_category(const CocoTree& tree, const detect::Category& category,
                                           const std::unordered_map<int64_t, std::string>& by_id) {
    const auto other = by_id.find(category.id);
    const std::string what = other == by_id.end()
                                 ? fmt::format("\"{}\" has the id {}, and another one in an earlier file",
                                               printable(category.name), category.id)
                                 : fmt::format("category {} is \"{}\", and \"{}\" in an earlier file", category.id,
                                               printable(category.name), printable(other->second));
    fail(ErrorKind::bad_data, what, tree.place, "join categories by their names with --by-name");
  }

  void map_licenses(MergeReport& report) {
    IdPool pool;
    for (const CocoTree& tree : trees_) {
      for (const dom::element entry : tree.entries("licenses")) {
        if (const auto id = license_id(entry)) pool.announce(*id);
      }
    }
    std::unordered_map<std::string, int64_t> by_text;
    for (size_t i = 0; i < trees_.size(); ++i) {
      for (const dom::element entry : trees_[i].entries("licenses")) {
        const std::optional<int64_t> id = license_id(entry);
        if (!id) {
          add_license_without_id(entry, report);
          continue;
        }
        const std::string text = license_text(entry);
        const auto known = by_text.find(text);
        const int64_t own = known == by_text.end() ? pool.take(*id) : known->second;
        if (known == by_text.end()) {
          licenses_.push_back(object_with(entry, {{"id", std::to_string(own)}}));
          by_text.emplace(text, own);
        }
        ids_[i].licenses.emplace(*id, own);
        report.licenses_renumbered += own == *id ? 0 : 1;
      }
    }
    report.licenses = static_cast<int64_t>(licenses_.size());
  }

  // Nothing can tell which of two files' images mean it.
  void add_license_without_id(dom::element entry, MergeReport& report) {
    std::string text(simdjson::minify(entry));
    if (std::find(licenses_.begin(), licenses_.end(), text) == licenses_.end()) licenses_.push_back(std::move(text));
    ++report.notes["licenses without an integer as their id, which stay as they are"];
  }

  void map_images(MergeReport& report) {
    IdPool pool;
    for (const CocoTree& tree : trees_) {
      for (const detect::ImageInfo& image : tree.content.images) pool.announce(image.id);
    }
    std::unordered_map<std::string, size_t> file_of_name;
    for (size_t i = 0; i < trees_.size(); ++i) {
      const std::string prefix = options_.prefix ? fs::path(trees_[i].place).stem().string() + "/" : "";
      for (const detect::ImageInfo& image : trees_[i].content.images) {
        std::string name = prefix + image.file_name;
        const auto [known, first] = file_of_name.emplace(fs::path(name).lexically_normal().generic_string(), i);
        if (!first && known->second != i) {
          fail(ErrorKind::bad_data,
               fmt::format("the image {} is in {}, too", printable(name), printable(trees_[known->second].place)),
               trees_[i].place,
               options_.prefix ? "rename the annotation files, whose names are the prefixes"
                               : "rename the images, or tell them apart with --prefix");
        }
        const int64_t own = pool.take(image.id);
        ids_[i].images.emplace(image.id, own);
        ids_[i].names.push_back(std::move(name));
        report.images_renumbered += own == image.id ? 0 : 1;
        ++report.images;
      }
    }
  }

  void map_annotations(MergeReport& report) {
    IdPool pool;
    for (const CocoTree& tree : trees_) {
      for (const detect::Annotation& annotation : tree.content.annotations) pool.announce(annotation.id);
    }
    for (size_t i = 0; i < trees_.size(); ++i) {
      for (const detect::Annotation& annotation : trees_[i].content.annotations) {
        ids_[i].annotations.push_back(pool.take(annotation.id));
        report.annotations_renumbered += ids_[i].annotations.back() == annotation.id ? 0 : 1;
        ++report.annotations;
      }
    }
  }

  std::string image_text(size_t file, size_t at, dom::element entry) const {
    const detect::ImageInfo& image = trees_[file].content.images[at];
    NewValues values;
    const int64_t id = ids_[file].images.at(image.id);
    if (id != image.id) values.emplace_back("id", std::to_string(id));
    if (options_.prefix) values.emplace_back("file_name", json_string(ids_[file].names[at]));
    int64_t license = 0;
    if (entry["license"].get(license) == simdjson::SUCCESS) {
      const auto known = ids_[file].licenses.find(license);
      if (known != ids_[file].licenses.end() && known->second != license) {
        values.emplace_back("license", std::to_string(known->second));
      }
    }
    return object_with(entry, values);
  }

  std::string annotation_text(size_t file, size_t at, dom::element entry) const {
    const detect::Annotation& annotation = trees_[file].content.annotations[at];
    NewValues values;
    const auto change = [&](std::string_view key, int64_t from, int64_t to) {
      if (from != to) values.emplace_back(key, std::to_string(to));
    };
    change("id", annotation.id, ids_[file].annotations[at]);
    change("image_id", annotation.image_id, ids_[file].images.at(annotation.image_id));
    change("category_id", annotation.category_id, ids_[file].categories.at(annotation.category_id));
    return object_with(entry, values);
  }

  std::string category_text(size_t file, size_t at, dom::element entry) const {
    const detect::Category& category = trees_[file].content.categories[at];
    const int64_t id = ids_[file].categories.at(category.id);
    return id == category.id ? object_with(entry, {}) : object_with(entry, {{"id", std::to_string(id)}});
  }

  // The info of the first file that has one, with the keys that later ones add.
  void add_info(JsonText& text, MergeReport& report) {
    std::map<std::string, std::string> info;
    for (const CocoTree& tree : trees_) {
      dom::object object;
      if (tree.root()["info"].get(object) != simdjson::SUCCESS) continue;
      for (const auto& [key, value] : object) {
        const std::string written = simdjson::minify(value);
        const auto [known, first] = info.emplace(key, written);
        if (!first && known->second != written) ++report.left_out[fmt::format("info.{}", printable(key))];
      }
    }
    has_info_ = !info.empty();
    if (!has_info_) return;
    std::string joined;
    for (const auto& [key, value] : info) {
      joined += fmt::format("{}{}: {}", joined.empty() ? "{" : ", ", json_string(key), value);
    }
    text.add("info", joined + "}");
  }

  void add_other_keys(JsonText& text, MergeReport& report) const {
    std::map<std::string, std::string> others;
    for (const CocoTree& tree : trees_) {
      for (const auto& [key, value] : tree.root()) {
        if (is_joined(key, value)) continue;
        const bool stands = (key == "info" && has_info_) || (key == "licenses" && !licenses_.empty());
        const std::string written = simdjson::minify(value);
        if (stands) {
          ++report.left_out[printable(key)];
          continue;
        }
        const auto [known, first] = others.emplace(key, written);
        if (!first && known->second != written) ++report.left_out[printable(key)];
      }
    }
    for (const auto& [key, value] : others) text.add(key, value);
  }

  std::string text(MergeReport& report) {
    JsonText text;
    add_info(text, report);
    if (!licenses_.empty()) {
      text.begin_list("licenses");
      for (const std::string& license : licenses_) text.add_entry(license);
      text.end_list();
    }
    add_other_keys(text, report);
    for (const char* list : {"images", "annotations", "categories"}) {
      text.begin_list(list);
      for (size_t file = 0; file < trees_.size(); ++file) {
        const std::vector<dom::element> entries = trees_[file].entries(list);
        for (size_t at = 0; at < entries.size(); ++at) {
          if (list == std::string_view("images")) text.add_entry(image_text(file, at, entries[at]));
          if (list == std::string_view("annotations")) text.add_entry(annotation_text(file, at, entries[at]));
          const bool is_category = list == std::string_view("categories");
          if (is_category && new_categories_[file][at]) text.add_entry(category_text(file, at, entries[at]));
        }
      }
      text.end_list();
    }
    return text.finish();
  }

  std::vector<CocoTree> trees_;
  MergeOptions options_;
  std::vector<FileIds> ids_;
  std::vector<std::vector<bool>> new_categories_;
  std::vector<std::string> licenses_;
  bool has_info_ = false;
  std::unordered_map<std::string, dom::element> entries_;  // the first of each category, by name
};

}  // namespace

MergeReport merge_coco(const std::vector<fs::path>& files, const Output& output, const MergeOptions& options) {
  std::vector<CocoTree> trees;
  for (const fs::path& file : files) trees.push_back(read_coco_tree(file));
  MergeReport report;
  output.write(Merger(std::move(trees), options).merge(report));
  return report;
}

Json to_json(const MergeReport& report) {
  return Json{{"files", report.files},
              {"images", report.images},
              {"annotations", report.annotations},
              {"categories", report.categories},
              {"licenses", report.licenses},
              {"images_renumbered", report.images_renumbered},
              {"annotations_renumbered", report.annotations_renumbered},
              {"categories_renumbered", report.categories_renumbered},
              {"licenses_renumbered", report.licenses_renumbered},
              {"left_out", report.left_out},
              {"notes", report.notes}};
}

}  // namespace spinenet::data
