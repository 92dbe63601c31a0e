#include "formats/first_values.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/error.h"
#include "base/format.h"
#include "base/json.h"

namespace spinenet::formats {
namespace {

constexpr const char* kFirstValuesEntry = "first_values";
// What the names of layers begin with that give answers, of one stage and of two.
constexpr std::array<std::string_view, 3> kAnsweringLayers{"head.", "rpn.", "box_head."};

std::vector<std::string> first_values(const ModelFile& model, const WeightViews& weights, std::string_view place) {
  const auto entry = model.extra.find(kFirstValuesEntry);
  if (entry == model.extra.end()) return {};
  const Json json = parse_json(entry->second, fmt::format("{}: metadata entry \"{}\"", place, kFirstValuesEntry));
  const bool whole = json.is_array() && std::ranges::all_of(json, [&](const Json& name) {
                       return name.is_string() && weights.contains(name.get<std::string>());
                     });
  if (!whole) {
    fail(ErrorKind::bad_data,
         fmt::format("metadata entry \"{}\" is not a list of names of its tensors", kFirstValuesEntry), place,
         "the file is damaged or was changed by hand: write it again");
  }
  return json.get<std::vector<std::string>>();
}

}  // namespace

void set_first_values(ModelFile& model, const std::vector<std::string>& names) {
  if (names.empty()) {
    model.extra.erase(kFirstValuesEntry);
  } else {
    model.extra[kFirstValuesEntry] = Json(names).dump();
  }
}

std::vector<std::string> first_values_of(const ModelFile& model, std::string_view place) {
  return first_values(model, views_of(model.weights), place);
}

bool is_head_untrained(const ModelFile& model, std::string_view place) {
  return is_head_untrained(model, views_of(model.weights), place);
}

bool is_head_untrained(const ModelFile& model, const WeightViews& weights, std::string_view place) {
  const std::vector<std::string> names = first_values(model, weights, place);
  const std::set<std::string> first(names.begin(), names.end());
  const auto answers = [](const std::string& name) {
    return std::ranges::any_of(kAnsweringLayers, [&](std::string_view part) { return name.starts_with(part); });
  };
  size_t untrained = 0;
  for (const auto& [name, tensor] : weights) {
    if (!answers(name)) continue;
    if (!first.contains(name)) return false;
    ++untrained;
  }
  return untrained > 0;
}

}  // namespace spinenet::formats
