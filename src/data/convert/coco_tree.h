// A COCO file that has been checked, as its tree of values and as what it says: for commands that copy entries as they
// are, unknown keys included.
//
// Thread contract: a CocoTree belongs to one thread. Only this folder's .cpp files include this header.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <simdjson.h>

#include "data/coco/coco_document.h"
#include "detect/annotations.h"

namespace spinenet::data {

// Invariant: the images, annotations and categories of `content` are the entries of the tree's lists, in their order.
struct CocoTree {
  std::string place;
  std::unique_ptr<CocoDocument> document;
  detect::Annotations content;

  simdjson::dom::object root() const { return document->root(); }
  // The entries of one of the lists.
  std::vector<simdjson::dom::element> entries(std::string_view list) const;
};

// Errors and warnings as those of read_coco.
CocoTree read_coco_tree(const std::filesystem::path& path);
CocoTree parse_coco_tree(const std::string& text, std::string_view place);

// An object with some values replaced, or added behind the others, each as JSON.
using NewValues = std::vector<std::pair<std::string_view, std::string>>;
std::string object_with(simdjson::dom::element object, const NewValues& values);
std::string json_string(std::string_view text);

// A JSON object of lists and other values, each on lines of its own.
class JsonText {
 public:
  void add(std::string_view key, std::string_view value);
  void begin_list(std::string_view key);
  void add_entry(std::string_view entry);
  void end_list();
  std::string finish();

 private:
  void add_key(std::string_view key);

  std::string text_ = "{";
  bool first_ = true, first_entry_ = true;
};

}  // namespace spinenet::data
