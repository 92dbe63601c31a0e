// The reading half of set_yolo.h.
#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/format.h"
#include "base/printable.h"
#include "base/yaml.h"
#include "data/convert/set_files.h"
#include "data/convert/set_text.h"
#include "data/convert/set_yolo.h"
#include "image/image_folder.h"

namespace spinenet::data {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxYoloClasses = 100'000;

struct YoloPlace {
  std::string value;
  SetPart part = SetPart::all;
};

struct YoloConfig {
  fs::path file, root;
  std::vector<std::string> classes;
  std::vector<YoloPlace> places;
};

const YamlNode* value_of(const YamlNode& map, std::string_view key) {
  for (size_t i = 0; i < map.keys.size(); ++i) {
    if (map.keys[i].text == key) return &map.items[i];
  }
  return nullptr;
}

bool is_text(const YamlNode& node) {
  return node.kind == YamlNode::Kind::plain || node.kind == YamlNode::Kind::quoted;
}

std::vector<std::string> class_names(const YamlNode& names, const std::string& place) {
  std::vector<std::string> classes;
  if (names.kind != YamlNode::Kind::list && names.kind != YamlNode::Kind::map) {
    fail(ErrorKind::bad_data, "names is no list or map", place, "list the names of the classes");
  }
  for (size_t i = 0; i < names.items.size(); ++i) {
    size_t number = i;
    if (names.kind == YamlNode::Kind::map) {
      const std::optional<int64_t> key = integer_in(names.keys[i].text);
      if (!key || *key < 0 || *key >= static_cast<int64_t>(kMaxYoloClasses)) {
        fail(ErrorKind::bad_data, fmt::format("names has the key {}", short_quote(names.keys[i].text)), place,
             "number the classes from 0");
      }
      number = static_cast<size_t>(*key);
    }
    if (!is_text(names.items[i]) || names.items[i].text.empty()) {
      fail(ErrorKind::bad_data, fmt::format("the name of class {} is no text", number), place, "name the class");
    }
    if (classes.size() <= number) classes.resize(number + 1);
    classes[number] = names.items[i].text;
  }
  for (size_t i = 0; i < classes.size(); ++i) {
    if (classes[i].empty()) fail(ErrorKind::bad_data, fmt::format("class {} has no name", i), place, "name it");
  }
  return classes;
}

void add_places(const YamlNode& node, SetPart part, const std::string& place, YoloConfig& config) {
  if (node.kind == YamlNode::Kind::null) return;
  if (is_text(node)) {
    config.places.push_back({node.text, part});
    return;
  }
  for (const YamlNode& item : node.items) {
    if (node.kind != YamlNode::Kind::list || !is_text(item)) {
      fail(ErrorKind::bad_data, fmt::format("{} is no path or list of paths", name_of(part)), place,
           "name a folder of images or a list of them");
    }
    config.places.push_back({item.text, part});
  }
}

// The places of each part, in the order of the parts; what is neither known nor a part is counted.
void read_keys(const YamlNode& yaml, const std::string& place, YoloConfig& config, SetReading& reading) {
  constexpr std::array<std::string_view, 5> kKnown{"names", "nc", "path", "kpt_shape", "download"};
  for (const SetPart part : {SetPart::train, SetPart::val, SetPart::test}) {
    for (size_t i = 0; i < yaml.keys.size(); ++i) {
      if (part_named(yaml.keys[i].text) == part) add_places(yaml.items[i], part, place, config);
    }
  }
  for (const YamlNode& key : yaml.keys) {
    const bool known = std::find(kKnown.begin(), kKnown.end(), key.text) != kKnown.end();
    const SetPart part = part_named(key.text).value_or(SetPart::all);
    if (!known && part == SetPart::all) reading.leave_out(fmt::format("key \"{}\" of the file", printable(key.text)));
  }
}

// What the places are relative to: `path`, which is itself relative to the folder of the file.
fs::path root_of(const YamlNode& path, const fs::path& folder, const std::string& place) {
  constexpr std::string_view kRemedy = "correct it, or leave it out: the folder of this file is meant then";
  if (path.kind == YamlNode::Kind::null) return folder;
  if (!is_text(path)) fail(ErrorKind::bad_data, "path: is no path of a folder", place, kRemedy);
  std::error_code error;
  if (fs::is_directory(folder / path.text, error)) return folder / path.text;
  fail(ErrorKind::bad_data, fmt::format("path: there is no folder {}", printable((folder / path.text).string())), place,
       kRemedy);
}

YoloConfig config_of_yaml(const fs::path& file, SetReading& reading) {
  const std::string place = printable(file.string());
  const YamlNode yaml = parse_yaml(reading.text_of(file), place);
  YoloConfig config{file, file.parent_path(), {}, {}};
  if (value_of(yaml, "kpt_shape") != nullptr) {
    fail(ErrorKind::bad_data, "kpt_shape: the labels are keypoints, which are not read", place,
         "convert boxes or masks");
  }
  const YamlNode* names = value_of(yaml, "names");
  if (names == nullptr) fail(ErrorKind::bad_data, "names is missing", place, "list the names of the classes");
  config.classes = class_names(*names, place);
  if (const YamlNode* count = value_of(yaml, "nc")) {
    if (integer_in(count->text) != static_cast<int64_t>(config.classes.size())) {
      fail(ErrorKind::bad_data,
           fmt::format("nc is {}, but there are {} names", short_quote(count->text), config.classes.size()), place,
           "make them agree");
    }
  }
  if (const YamlNode* path = value_of(yaml, "path")) config.root = root_of(*path, config.root, place);
  read_keys(yaml, place, config, reading);
  if (config.places.empty()) {
    fail(ErrorKind::bad_data, "train, val and test are missing", place, "name the folder or the list of the images");
  }
  return config;
}

YoloConfig config_of_classes(const fs::path& file, SetReading& reading) {
  YoloConfig config{file, file.parent_path(), {}, {{"images", SetPart::all}}};
  const std::string text = reading.text_of(file);
  int number = 0, blank = 0;  // the first blank line, which no name may follow
  for (const std::string_view line : lines_of(text)) {
    ++number;
    const bool is_blank = trimmed(line).empty();
    if (is_blank && blank == 0) blank = number;
    if (is_blank) continue;
    if (blank != 0) {
      fail(ErrorKind::bad_data, "is blank, so that the number of the class in the next line is not clear",
           fmt::format("{}:{}", printable(file.string()), blank), "name the class, or take the line out");
    }
    config.classes.emplace_back(trimmed(line));
  }
  return config;
}

YoloConfig config_of(const fs::path& source, SetReading& reading) {
  std::error_code error;
  if (!fs::is_directory(source, error)) {
    return source.extension() == ".txt" ? config_of_classes(source, reading) : config_of_yaml(source, reading);
  }
  std::vector<fs::path> found;
  for (const fs::path& entry : image::entries_of(source)) {
    if (has_suffix(entry, ".yaml") || has_suffix(entry, ".yml")) found.push_back(entry);
  }
  if (found.size() == 1) return config_of_yaml(found.front(), reading);
  if (fs::is_regular_file(source / "data.yaml", error)) return config_of_yaml(source / "data.yaml", reading);
  if (found.empty() && fs::is_regular_file(source / "classes.txt", error))
    return config_of_classes(source / "classes.txt", reading);
  fail(ErrorKind::bad_data, fmt::format("has {} YAML files and no data.yaml", found.size()), source.string(),
       "name the YAML file of the data set");
}

fs::path plain(const fs::path& path) {
  return fs::absolute(path).lexically_normal();
}

bool is_inside(const fs::path& path, const fs::path& folder) {
  const fs::path relative = path.lexically_relative(folder);
  return !relative.empty() && *relative.begin() != ".." && *relative.begin() != ".";
}

// As Ultralytics looks for it: exports of Roboflow name "../train/images" beside the folder that they mean.
fs::path place_of(const YoloConfig& config, const std::string& value) {
  const fs::path path = plain(config.root / value);
  std::error_code error;
  const bool is_beside = !fs::exists(path, error) && value.starts_with("../");
  fs::path found = is_beside ? plain(config.root / value.substr(3)) : path;
  return found.has_filename() ? found : found.parent_path();  // "images/" is "images"
}

struct YoloImage {
  fs::path file;
  SetPart part = SetPart::all;
};

// The images of all places, each once, and the folders that their labels are looked for in.
class YoloImages {
 public:
  YoloImages(const YoloConfig& config, SetReading& reading) : config_(config), reading_(reading) {
    for (const YoloPlace& place : config.places) add_place(place);
  }

  const std::vector<YoloImage>& list() const { return images_; }

  // Of all text files in those folders, `used` are the labels of images.
  void count_other_labels(const std::set<std::string>& used) {
    const std::set<fs::path> known{plain(config_.file)};
    for (const fs::path& folder : label_folders_) {
      std::error_code error;
      if (!fs::is_directory(folder, error)) continue;
      for (const fs::path& file : below(folder)) {
        const bool labels = has_suffix(file, ".txt") && file.filename() != "classes.txt" && !known.contains(file);
        if (labels && !used.contains(file.string())) {
          reading_.leave_out("label files of no image", printable(file.string()));
        }
      }
    }
  }

 private:
  // What an earlier part names is no part of its own, as where `val` is `train` for want of another.
  void add_place(const YoloPlace& place) {
    const fs::path path = place_of(config_, place.value);
    std::error_code error;
    const bool folder = fs::is_directory(path, error);
    if (!folder && !fs::is_regular_file(path, error)) {
      fail(ErrorKind::bad_data,
           fmt::format("{}: there is no folder or list {}", name_of(place.part), printable(path.string())),
           printable(config_.file.string()), "correct the path, or put the images there");
    }
    const auto [known, first] = places_.try_emplace(path, place.part);
    if (!first && known->second != place.part) {
      reading_.leave_out(fmt::format("note: {} is the same as {}: its images belong to the latter alone",
                                     name_of(place.part), name_of(known->second)),
                         printable(config_.file.string()));
      return;
    }
    folder ? add_folder(path, place.part) : add_list(path, place.part);
  }

  void add(fs::path file, SetPart part) {
    const auto [known, first] = parts_.try_emplace(file, part);
    if (first) {
      images_.push_back({std::move(file), part});
    } else if (known->second == part) {
      reading_.leave_out("images that are listed again in their part", printable(file.string()));
    } else {
      reading_.leave_out("images that are listed in another part again: they belong to the first of train, val, test",
                         printable(file.string()));
    }
  }

  // Labels may lie beside their images: no folder is searched twice.
  const std::vector<fs::path>& below(const fs::path& folder) {
    const auto [found, first] = below_.try_emplace(folder);
    if (first) found->second = files_below(folder, reading_);
    return found->second;
  }

  // Text files there are labels, or lists; count_other_labels() looks at them.
  void add_folder(const fs::path& folder, SetPart part) {
    for (const fs::path& file : below(folder)) {
      const bool other = has_suffix(file, ".txt") || file == plain(config_.file);
      if (!other && is_image_of_set(file, reading_)) add(plain(file), part);
    }
    const std::string labels = yolo_label_name((folder / "x").string());
    label_folders_.insert(fs::path(labels).parent_path());
  }

  void add_list(const fs::path& list, SetPart part) {
    const fs::path root = plain(config_.root);
    const std::string text = reading_.text_of(list);
    for (const std::string_view line : lines_of(text)) {
      if (trimmed(line).empty()) continue;
      const fs::path beside = plain(list.parent_path() / line);
      std::error_code error;
      const fs::path from_root = plain(root / line);
      add(!fs::exists(beside, error) && fs::exists(from_root, error) ? from_root : beside, part);
    }
  }

  const YoloConfig& config_;
  SetReading& reading_;
  std::vector<YoloImage> images_;
  std::map<fs::path, SetPart> places_, parts_;
  std::set<fs::path> label_folders_;
  std::map<fs::path, std::vector<fs::path>> below_;
};

// The folder that names are relative to: that of the user, `images` where all lie in it, else the root.
fs::path name_folder(const YoloConfig& config, const std::vector<YoloImage>& images) {
  const fs::path root = plain(config.root / "."), inner = plain(config.root / "images");
  const bool all =
      std::all_of(images.begin(), images.end(), [&](const YoloImage& image) { return is_inside(image.file, inner); });
  return all ? inner : root;
}

SetImage& add_yolo_image(const YoloImage& listed, const fs::path& folder, SetReading& reading) {
  SetImage image;
  image.part = listed.part;
  std::error_code error;
  const std::string place = printable(listed.file.string());
  const fs::path own = reading.options().images.empty() ? fs::path() : plain(reading.options().images / ".");
  const bool in_own = !own.empty() && is_inside(listed.file, own);
  if (!in_own && !is_inside(listed.file, folder)) {
    fail(ErrorKind::bad_data, "lies outside the folder of the data set", place,
         own.empty() ? "name the folder of the images with --images"
                     : "name a folder with --images that holds all of the images");
  }
  image.name = listed.file.lexically_relative(in_own ? own : folder).generic_string();
  if (fs::exists(listed.file, error)) {
    image.file = listed.file;
  } else if (own.empty() || !fs::exists(own / image.name, error)) {
    fail(ErrorKind::bad_data, "there is no such image", place,
         own.empty() ? "put it there, or name the folder of the images with --images"
                     : fmt::format("put it there, or at {}", printable((own / image.name).string())));
  }
  return reading.add_image(std::move(image), place);
}

std::set<std::string> label_names(const std::vector<YoloImage>& images) {
  std::set<std::string> names;
  for (const YoloImage& image : images) names.insert(yolo_label_name(image.file.string()));
  return names;
}

// The labels of an image; "" where there are none. Some systems take a.TXT for a.txt: a file whose name differs so is
// read where it is that of no other image, which is counted.
std::string label_file(const YoloImage& listed, const std::set<std::string>& wanted, NamesInOtherLetters& names,
                       SetReading& reading) {
  std::string labels = yolo_label_name(listed.file.string());
  std::error_code error;
  if (fs::exists(labels, error)) return labels;
  std::vector<fs::path> near = names.near(labels);
  std::erase_if(near, [&](const fs::path& file) { return wanted.contains(file.string()); });
  if (near.size() > 1) {
    fail(ErrorKind::bad_data,
         fmt::format("is not there, but {} and {} are", printable(near[0].filename().string()),
                     printable(near[1].filename().string())),
         printable(labels), "keep the file that is meant, under this name");
  }
  if (near.size() == 1) {
    reading.leave_out("note: label files that are named in other capital and small letters than their images, and read",
                      printable(near.front().string()));
    return near.front().string();
  }
  reading.leave_out("label files that are not there: their images are taken to have no objects", printable(labels));
  return "";
}

}  // namespace

void parse_yolo_labels(std::string_view text, std::string_view place, size_t classes, SetImage& image,
                       SetReading& reading) {
  const auto width = static_cast<double>(image.width), height = static_cast<double>(image.height);
  int line_number = 0;
  for (const std::string_view line : lines_of(text)) {
    const std::string here = fmt::format("{}:{}", place, ++line_number);
    const std::vector<std::string_view> words = words_of(line);
    if (words.empty()) continue;
    if (words.size() < 5 || words.size() == 6 || words.size() % 2 == 0) {
      fail(ErrorKind::bad_data, fmt::format("has {} numbers", words.size()), here,
           "a line is a class with four numbers of a box or at least six of a polygon");
    }
    const std::optional<double> label = number_in(words[0]);
    if (!label || *label < 0 || *label >= static_cast<double>(classes) ||
        *label != static_cast<double>(static_cast<int64_t>(*label))) {
      fail(ErrorKind::bad_data, fmt::format("the class {} is none of the {} classes", short_quote(words[0]), classes),
           here, "classes are counted from 0; correct the line or the list of names");
    }
    std::vector<double> numbers;
    for (size_t i = 1; i < words.size(); ++i) {
      const std::optional<double> number = number_in(words[i]);
      if (!number || *number < -0.01 || *number > 1.01) {
        fail(ErrorKind::bad_data, fmt::format("{} is no number from 0 to 1", short_quote(words[i])), here,
             "coordinates are relative to the image's width and height");
      }
      numbers.push_back(*number * (i % 2 == 1 ? width : height));
    }
    SetObject object;
    object.category = static_cast<size_t>(*label);
    if (numbers.size() == 4) {
      const double half_width = numbers[2] / 2, half_height = numbers[3] / 2;
      object.box = {numbers[0] - half_width, numbers[1] - half_height, numbers[0] + half_width,
                    numbers[1] + half_height};
    } else {
      object.mask.polygons.push_back(std::move(numbers));
      object.box = extent_of(object.mask.polygons);
    }
    reading.add_object(image, std::move(object), here);
  }
}

std::string yolo_label_name(std::string_view image) {
  constexpr std::string_view kImages = "/images/";
  std::string path(image);
  const size_t found = path.rfind(kImages);
  if (found != std::string::npos) path.replace(found, kImages.size(), "/labels/");
  return without_suffix(path) + ".txt";
}

ReadSet read_yolo_set(const fs::path& source, const ReadSetOptions& options) {
  refuse_class_list(options, "YOLO's data.yaml or classes.txt");
  SetReading reading(options);
  const YoloConfig config = config_of(source, reading);
  for (const std::string& name : config.classes) {
    LabelledSet& set = reading.set();
    set.categories.push_back({static_cast<int64_t>(set.categories.size()) + 1, name, ""});
  }
  YoloImages images(config, reading);
  const fs::path folder = name_folder(config, images.list());
  const std::set<std::string> wanted = label_names(images.list());
  std::set<std::string> used;
  NamesInOtherLetters names;
  for (const YoloImage& listed : images.list()) {
    SetImage& image = add_yolo_image(listed, folder, reading);
    const std::string labels = label_file(listed, wanted, names, reading);
    if (labels.empty()) continue;
    used.insert(labels);
    parse_yolo_labels(reading.text_of(labels), printable(labels), config.classes.size(), image, reading);
  }
  images.count_other_labels(used);
  return reading.take();
}

}  // namespace spinenet::data
