#include "search/study/kept_description.h"

#include <algorithm>
#include <cstddef>

#include "arch/text.h"
#include "base/error.h"
#include "base/json.h"
#include "base/yaml.h"
#include "search/search_recipe.h"

namespace spinenet::search {
namespace {

constexpr std::string_view kPlace = "the study's description";

bool is_same(const YamlNode& a, const YamlNode& b) {
  return a.kind == b.kind && a.text == b.text && std::ranges::equal(a.keys, b.keys, is_same) &&
         std::ranges::equal(a.items, b.items, is_same);
}

// The value of a key; null where there is none.
const YamlNode* value_of(const YamlNode* map, const std::string& key) {
  if (map == nullptr || map->kind != YamlNode::Kind::map) return nullptr;
  for (size_t i = 0; i < map->keys.size(); ++i) {
    if (map->keys[i].text == key) return &map->items[i];
  }
  return nullptr;
}

// `defaults` is null below a key that has none.
bool says_the_same(const YamlNode& kept, const YamlNode& wanted, const YamlNode* defaults) {
  if (kept.kind != YamlNode::Kind::map || wanted.kind != YamlNode::Kind::map) return is_same(kept, wanted);
  for (const YamlNode& key : kept.keys) {
    if (value_of(&wanted, key.text) == nullptr) return false;
  }
  for (size_t i = 0; i < wanted.keys.size(); ++i) {
    const std::string& key = wanted.keys[i].text;
    const YamlNode* before = value_of(&kept, key);
    const YamlNode* usual = value_of(defaults, key);
    const bool same = before != nullptr ? says_the_same(*before, wanted.items[i], usual)
                                        : usual != nullptr && is_same(*usual, wanted.items[i]);
    if (!same) return false;
  }
  return true;
}

std::string text_at(const Json& task, const char* key) {
  return task.is_object() && task.contains(key) && task[key].is_string() ? task[key].get<std::string>() : "";
}

// The network as this program writes it: an earlier one left out what it did not know.
std::string architecture_text(const Json& task) {
  return to_text(to_json(arch::architecture_from_json(task.at("architecture"), kPlace)));
}

bool is_same_task(const Json& kept, const Json& wanted, const std::string& training_defaults) {
  for (const char* key : {"image_size", "classes"}) {
    if (!kept.contains(key) || kept[key] != wanted[key]) return false;
  }
  return kept.contains("architecture") && architecture_text(kept) == architecture_text(wanted) &&
         same_but_for_new_defaults(text_at(kept, "training"), text_at(wanted, "training"), training_defaults) &&
         same_but_for_new_defaults(text_at(kept, "recipe"), text_at(wanted, "recipe"), to_yaml(SearchRecipe{}));
}

}  // namespace

bool same_but_for_new_defaults(std::string_view kept, std::string_view wanted, std::string_view defaults) {
  if (kept == wanted) return true;
  try {
    const YamlNode usual = parse_yaml(defaults, kPlace);
    return says_the_same(parse_yaml(kept, kPlace), parse_yaml(wanted, kPlace), &usual);
  } catch (const Error&) {
    return false;  // the store then says in what the two texts differ
  }
}

StudyDescription as_kept(const StudyDescription& kept, const StudyDescription& wanted,
                         const std::string& training_defaults) {
  StudyDescription description = wanted;
  try {
    const Json before = parse_json(kept.task, kPlace), now = parse_json(wanted.task, kPlace);
    if (before.is_object() && is_same_task(before, now, training_defaults)) description.task = kept.task;
  } catch (const Error&) {
    return wanted;  // a task that cannot be read is no other than itself
  }
  return description;
}

}  // namespace spinenet::search
