#include "data/convert/split.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <map>
#include <memory>
#include <set>
#include <unordered_map>
#include <utility>

#include <regex.h>

#include "base/error.h"
#include "base/format.h"
#include "base/owned_folder.h"
#include "base/printable.h"
#include "data/coco/fingerprint.h"
#include "data/convert/coco_tree.h"
#include "data/convert/own_outputs.h"
#include "data/convert/set_text.h"
#include "data/convert/stratify.h"

namespace spinenet::data {
namespace {

namespace fs = std::filesystem;
namespace dom = simdjson::dom;

constexpr std::array<std::string_view, 2> kSplitFiles{"annotations/*.json", "split.json"};
constexpr FolderKind kSplitFolder{"a divided data set", kSplitFiles};
constexpr size_t kMostNameBytes = 1024;  // of what a regular expression is tried on
constexpr const char* kPartsRemedy = "write --parts train=0.8,val=0.2";

// An extended regular expression of POSIX with at least one group.
class NamePattern {
 public:
  // Why it is none; "" where it is one.
  std::string compile(const std::string& text) {
    if (const std::string escape = foreign_escape(text); !escape.empty()) {
      return fmt::format("{} is not of POSIX; write [0-9] for a digit, [a-z] for a letter", escape);
    }
    regex_.reset(new regex_t);
    if (const int error = ::regcomp(regex_.get(), text.c_str(), REG_EXTENDED); error != 0) {
      std::array<char, 128> message{};
      ::regerror(error, regex_.get(), message.data(), message.size());
      delete regex_.release();  // nothing of it was made
      return message.data();
    }
    return regex_->re_nsub < 1 ? "has no group in round brackets" : "";
  }

  // A letter or digit behind a backslash that means something in other regular expressions, where POSIX would take the
  // letter itself (\d) or leave the meaning open; "" where there is none. Back references stay.
  static std::string foreign_escape(const std::string& text) {
    bool in_brackets = false;
    for (size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '[') in_brackets = true;
      if (text[i] == ']') in_brackets = false;
      if (text[i] != '\\' || in_brackets || i + 1 == text.size()) continue;
      const char next = text[++i];
      const bool back_reference = next >= '1' && next <= '9';
      if (std::isalnum(static_cast<unsigned char>(next)) != 0 && !back_reference) return fmt::format("\\{}", next);
    }
    return "";
  }

  // What the first group matched; "" where nothing did.
  std::string first_group(const std::string& text) const {
    std::array<regmatch_t, 2> found{};
    if (::regexec(regex_.get(), text.c_str(), found.size(), found.data(), 0) != 0 || found[1].rm_so < 0) return "";
    return text.substr(static_cast<size_t>(found[1].rm_so), static_cast<size_t>(found[1].rm_eo - found[1].rm_so));
  }

 private:
  struct Free {
    void operator()(regex_t* regex) const {
      ::regfree(regex);
      delete regex;
    }
  };
  std::unique_ptr<regex_t, Free> regex_;
};

// The group of each image; "" for one that goes alone.
class Grouping {
 public:
  explicit Grouping(const std::string& by) : by_(by) {
    if (by.empty() || by == "folder" || by == "name" || by.starts_with("key:")) return;
    pattern_.emplace();
    if (const std::string fault = pattern_->compile(by); !fault.empty()) refuse(fault);
  }

  std::string group(const detect::ImageInfo& image, dom::element entry) const {
    if (by_.empty()) return "";
    if (by_ == "folder") return fs::path(image.file_name).parent_path().generic_string();
    if (by_ == "name") return group_of(image.file_name);
    if (!pattern_) {
      dom::element value;
      if (entry[std::string_view(by_).substr(4)].get(value) != simdjson::SUCCESS || value.is_null()) return "";
      return simdjson::minify(value);
    }
    return image.file_name.size() > kMostNameBytes ? "" : pattern_->first_group(image.file_name);
  }

 private:
  [[noreturn]] void refuse(std::string_view why) const {
    fail(ErrorKind::usage, fmt::format("\"{}\": {}", printable(by_), why), "--group-by",
         "use folder, name, key:KEY or a regular expression such as ^(video[0-9]+)");
  }

  std::string by_;
  std::optional<NamePattern> pattern_;
};

// The images as units, and the classes that each has.
struct Units {
  std::vector<SplitUnit> units;
  std::vector<size_t> of_image;
  int64_t without_group = 0;
};

Units units_of(const CocoTree& tree, const Grouping& grouping, bool grouped) {
  const std::vector<dom::element> entries = tree.entries("images");
  Units units;
  std::unordered_map<std::string, size_t> by_group;
  std::unordered_map<int64_t, size_t> image_at, label_of;
  for (size_t i = 0; i < tree.content.images.size(); ++i) {
    const std::string group = grouping.group(tree.content.images[i], entries.at(i));
    size_t unit = units.units.size();
    if (!group.empty()) unit = by_group.try_emplace(group, unit).first->second;
    if (group.empty() && grouped) ++units.without_group;
    if (unit == units.units.size()) {
      units.units.push_back({0, {}});
    }
    ++units.units[unit].images;
    units.of_image.push_back(unit);
    image_at.emplace(tree.content.images[i].id, i);
  }
  for (size_t i = 0; i < tree.content.categories.size(); ++i) label_of.emplace(tree.content.categories[i].id, i);
  std::vector<std::set<size_t>> labels(tree.content.images.size());
  for (const detect::Annotation& annotation : tree.content.annotations) {
    labels[image_at.at(annotation.image_id)].insert(label_of.at(annotation.category_id));
  }
  std::vector<std::map<size_t, int64_t>> counts(units.units.size());
  for (size_t i = 0; i < labels.size(); ++i) {
    for (const size_t label : labels[i]) ++counts[units.of_image[i]][label];
  }
  for (size_t i = 0; i < counts.size(); ++i) units.units[i].classes.assign(counts[i].begin(), counts[i].end());
  return units;
}

std::string part_text(const CocoTree& tree, const std::vector<size_t>& part_of_image,
                      const std::unordered_map<int64_t, size_t>& image_at, size_t part) {
  JsonText text;
  for (const auto& [key, value] : tree.root()) {
    if (key != "images" && key != "annotations") {
      text.add(key, std::string(simdjson::minify(value)));
      continue;
    }
    text.begin_list(key);
    const std::vector<dom::element> entries = tree.entries(key);
    for (size_t i = 0; i < entries.size(); ++i) {
      const size_t image = key == "images" ? i : image_at.at(tree.content.annotations[i].image_id);
      if (part_of_image[image] == part) text.add_entry(std::string(simdjson::minify(entries[i])));
    }
    text.end_list();
  }
  return text.finish();
}

SplitReport count_parts(const CocoTree& tree, const std::vector<size_t>& part_of_image,
                        const std::unordered_map<int64_t, size_t>& image_at, const SplitOptions& options) {
  const size_t parts = options.parts.size();
  SplitReport report;
  report.parts = options.parts;
  report.images.assign(parts, 0);
  report.objects.assign(parts, 0);
  report.groups.assign(parts, 0);
  std::unordered_map<int64_t, size_t> label_of;
  for (const detect::Category& category : tree.content.categories) {
    label_of.emplace(category.id, report.classes.size());
    report.classes.push_back({category, std::vector<int64_t>(parts), std::vector<int64_t>(parts)});
  }
  for (const size_t part : part_of_image) ++report.images[part];
  std::set<std::pair<size_t, size_t>> seen;
  for (const detect::Annotation& annotation : tree.content.annotations) {
    const size_t image = image_at.at(annotation.image_id), part = part_of_image[image];
    const size_t label = label_of.at(annotation.category_id);
    ++report.objects[part];
    ++report.classes[label].objects[part];
    if (seen.emplace(image, label).second) ++report.classes[label].images[part];
  }
  return report;
}

struct SplitTexts {
  SplitReport report;
  std::vector<std::string> texts;
};

// Frames and copies are found by their names where there are any; a pattern, a key or folders that no image has are a
// mistake, by which the images of one group would lie in several parts.
void refuse_no_group(const SplitOptions& options, const Units& units) {
  const bool expects_groups = !options.group_by.empty() && options.group_by != "name";
  if (!expects_groups || units.of_image.empty()) return;
  if (units.without_group < static_cast<int64_t>(units.of_image.size())) return;
  fail(ErrorKind::usage,
       fmt::format("\"{}\" gives none of the {} images a group", printable(options.group_by), units.of_image.size()),
       "--group-by", "use folder, name, key:KEY with a key of the images, or a pattern that their file names match");
}

// One image under two names, as 0.jpg and ./0.jpg, would be in two parts.
void refuse_same_names(const CocoTree& tree) {
  std::unordered_map<std::string, const detect::ImageInfo*> by_name;
  for (const detect::ImageInfo& image : tree.content.images) {
    const std::string name = fs::path(image.file_name).lexically_normal().generic_string();
    const auto [known, first] = by_name.emplace(name, &image);
    if (first) continue;
    fail(ErrorKind::bad_data,
         fmt::format("the images {} and {} have the same file \"{}\"", known->second->id, image.id, printable(name)),
         tree.place, "make one image of them, or correct the names: the file would be in two parts");
  }
}

SplitTexts divide(const fs::path& annotations, const SplitOptions& options) {
  const Grouping grouping(options.group_by);
  const CocoTree tree = read_coco_tree(annotations);
  refuse_same_names(tree);
  const Units units = units_of(tree, grouping, !options.group_by.empty());
  refuse_no_group(options, units);
  std::vector<double> shares;
  for (const SplitPart& part : options.parts) shares.push_back(part.share);
  const std::vector<size_t> parts = assign_parts(units.units, shares, {options.stratify, options.seed});
  std::vector<size_t> part_of_image;
  std::unordered_map<int64_t, size_t> image_at;
  for (size_t i = 0; i < units.of_image.size(); ++i) {
    part_of_image.push_back(parts[units.of_image[i]]);
    image_at.emplace(tree.content.images[i].id, i);
  }
  SplitTexts texts;
  texts.report = count_parts(tree, part_of_image, image_at, options);
  texts.report.without_group = units.without_group;
  for (const size_t part : parts) ++texts.report.groups[part];
  for (size_t part = 0; part < options.parts.size(); ++part) {
    if (texts.report.images[part] == 0) {
      fail(ErrorKind::bad_data,
           fmt::format("{} images in {} groups leave none for the part \"{}\"", units.of_image.size(),
                       units.units.size(), options.parts[part].name),
           tree.place, "ask for fewer parts or larger shares, or group the images otherwise");
    }
    texts.texts.push_back(part_text(tree, part_of_image, image_at, part));
  }
  return texts;
}

}  // namespace

std::vector<SplitPart> parse_split_parts(std::string_view text) {
  std::vector<SplitPart> parts;
  double sum = 0;
  while (true) {
    const size_t end = std::min(text.find(','), text.size());
    const std::string_view word = text.substr(0, end);
    const size_t equals = word.find('=');
    const std::string name(word.substr(0, std::min(equals, word.size())));
    const double share = equals == std::string_view::npos ? 0 : number_in(word.substr(equals + 1)).value_or(0);
    const auto is_plain = [](char c) {
      return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
    };
    if (name.empty() || !std::all_of(name.begin(), name.end(), is_plain) || !(share > 0 && share <= 1)) {
      fail(ErrorKind::usage, fmt::format("\"{}\" is no part with its share", printable(word)), "--parts", kPartsRemedy);
    }
    for (const SplitPart& part : parts) {
      if (part.name == name)
        fail(ErrorKind::usage, fmt::format("\"{}\" is given twice", name), "--parts", kPartsRemedy);
    }
    parts.push_back({name, share});
    sum += share;
    if (end == text.size()) break;
    text.remove_prefix(end + 1);
  }
  if (std::abs(sum - 1) > 1e-3) {
    fail(ErrorKind::usage, fmt::format("the shares sum to {}, not to 1", sum), "--parts", kPartsRemedy);
  }
  return parts;
}

SplitReport split_coco(const fs::path& annotations, const fs::path& out, const SplitOptions& options) {
  OwnedFolder folder(out, kSplitFolder);
  SplitTexts texts;
  try {
    refuse_inside(out, annotations, "the annotations");
    texts = divide(annotations, options);
    for (const SplitPart& part : options.parts) {
      refuse_foreign(folder, fmt::format("annotations/{}.json", part.name));
    }
    refuse_foreign(folder, "split.json");
  } catch (...) {
    std::move(folder).take_back();
    throw;
  }
  for (const std::string& name : folder.files("annotations/*.json")) {
    if (!folder.holds_foreign(name)) folder.remove(name);
  }
  for (size_t part = 0; part < options.parts.size(); ++part) {
    folder.file(fmt::format("annotations/{}.json", options.parts[part].name)).write(texts.texts[part]);
  }
  folder.file("split.json").write(to_text(to_json(texts.report)));
  return std::move(texts.report);
}

Json to_json(const SplitReport& report) {
  Json json;
  json["parts"] = Json::array();
  for (size_t i = 0; i < report.parts.size(); ++i) {
    json["parts"].push_back({{"name", report.parts[i].name},
                             {"share", report.parts[i].share},
                             {"images", report.images[i]},
                             {"objects", report.objects[i]},
                             {"groups", report.groups[i]}});
  }
  json["classes"] = Json::array();
  for (const SplitClassCount& count : report.classes) {
    json["classes"].push_back({{"id", count.category.id},
                               {"name", count.category.name},
                               {"images", count.images},
                               {"objects", count.objects}});
  }
  json["images_without_group"] = report.without_group;
  return json;
}

}  // namespace spinenet::data
