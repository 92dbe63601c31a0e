#include "train/fine_tune.h"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "base/error.h"
#include "base/format.h"
#include "base/known_names.h"

namespace spinenet::train {
namespace {

// Part "stages.0" has stages.0.conv1.weight, and not stages.01.conv1.weight.
bool belongs_to(std::string_view parameter, std::string_view part) {
  return parameter.starts_with(part) && (parameter.size() == part.size() || parameter[part.size()] == '.');
}

// Every beginning of a parameter's name that ends before a point, and the whole names.
std::vector<std::string> parts_of(const graph::Program& all) {
  std::set<std::string> parts;
  for (const graph::Parameter& parameter : all.parameters) {
    const std::string& name = parameter.name;
    for (size_t dot = name.find('.'); dot != std::string::npos; dot = name.find('.', dot + 1)) {
      parts.insert(name.substr(0, dot));
    }
    parts.insert(name);
  }
  return {parts.begin(), parts.end()};
}

void check_parts(const std::vector<std::string>& frozen, const graph::Program& all) {
  const std::vector<std::string> parts = parts_of(all);
  for (const std::string& part : frozen) {
    if (std::ranges::binary_search(parts, part)) continue;
    std::vector<std::string> whole;
    std::ranges::copy_if(parts, std::back_inserter(whole),
                         [](const std::string& p) { return p.find('.') == std::string::npos; });
    fail(ErrorKind::usage, fmt::format("the network has no part \"{}\"", part), "fine_tune.frozen",
         remedy_for(part, parts, fmt::format("name tensors by how their names begin: {}", fmt::join(whole, ", "))));
  }
}

}  // namespace

bool asks_what_was_taken(const FineTuneRecipe& recipe) {
  return recipe.taken_rate != 1 || recipe.taken_statistics == TakenStatistics::kept;
}

FineTuning fine_tune(const FineTuneRecipe& recipe, const graph::Program& all, nn::Parameters& parameters,
                     const std::vector<std::string>& taken) {
  check_parts(recipe.frozen, all);
  const std::set<std::string, std::less<>> given(taken.begin(), taken.end());
  const auto is_frozen = [&](const graph::Parameter& parameter) {
    return std::ranges::any_of(recipe.frozen,
                               [&](const std::string& part) { return belongs_to(parameter.name, part); });
  };
  FineTuning tuning;
  int64_t trained = 0;
  for (size_t i = 0; i < all.parameters.size(); ++i) {
    const graph::Parameter& parameter = all.parameters[i];
    const bool frozen = is_frozen(parameter);
    const bool kept = recipe.taken_statistics == TakenStatistics::kept && given.contains(parameter.name);
    if (parameter.role == graph::ParameterRole::running_mean && (frozen || kept)) {
      tuning.kept_statistics.insert(parameter.name);
    }
    if (!graph::is_trainable(parameter.role)) continue;
    parameters.views[i].set_requires_grad(!frozen);
    trained += frozen ? 0 : 1;
  }
  if (trained == 0) fail(ErrorKind::usage, "leaves nothing to train", "fine_tune.frozen", "name fewer parts");
  if (recipe.frozen.empty() && recipe.taken_rate == 1) return tuning;
  tuning.rates = nn::by_parameter(all, parameters, [&](const graph::Parameter& parameter) {
    if (is_frozen(parameter)) return 0.0;
    return given.contains(parameter.name) ? recipe.taken_rate : 1.0;
  });
  return tuning;
}

}  // namespace spinenet::train
