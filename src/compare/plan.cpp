#include "compare/plan.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/error.h"
#include "base/format.h"
#include "base/known_names.h"

namespace spinenet::compare {
namespace {

constexpr uint64_t kMostSeeds = 1000;
constexpr std::array<std::string_view, 6> kShared{"task",        "image_size", "epochs",
                                                  "max_minutes", "early_stop", "eval_every"};
// How data is read, not what is read.
constexpr std::string_view kFree = "loader_threads";

[[noreturn]] void refuse_seeds(std::string_view text, std::string_view what) {
  fail(ErrorKind::usage, fmt::format("--seeds {}: {}", text, what), "",
       "give their number (--seeds 3) or a list (--seeds 1,2,3)");
}

}  // namespace

std::vector<uint64_t> parse_seeds(std::string_view text) {
  std::vector<uint64_t> seeds;
  const bool is_list = text.find(',') != std::string_view::npos;
  std::string_view rest = text.ends_with(',') ? text.substr(0, text.size() - 1) : text;
  for (size_t at = 0; at <= rest.size();) {
    const size_t end = std::min(rest.find(',', at), rest.size());
    uint64_t seed = 0;
    const auto [stop, error] = std::from_chars(rest.data() + at, rest.data() + end, seed);
    if (error != std::errc() || stop != rest.data() + end) refuse_seeds(text, "not an integer of at least 0");
    if (std::ranges::find(seeds, seed) != seeds.end()) refuse_seeds(text, fmt::format("{} is named twice", seed));
    seeds.push_back(seed);
    at = end + 1;
  }
  if (is_list) return seeds;
  const uint64_t count = seeds.front();
  if (count < 1 || count > kMostSeeds) refuse_seeds(text, fmt::format("use 1 to {}", kMostSeeds));
  seeds.clear();
  for (uint64_t seed = 1; seed <= count; ++seed) seeds.push_back(seed);
  return seeds;
}

std::vector<std::string> contestant_names(std::span<const std::filesystem::path> recipes) {
  std::vector<std::string> names;
  for (const std::filesystem::path& path : recipes) {
    std::string name = path.stem().string();
    const auto same = std::ranges::find(names, name);
    if (same != names.end()) {
      const auto& first = recipes[static_cast<size_t>(same - names.begin())];
      fail(ErrorKind::usage, fmt::format("{} and {} have one name, {}", first.string(), path.string(), name), "",
           "each recipe's name is that of its folder: rename one file");
    }
    names.push_back(std::move(name));
  }
  return names;
}

size_t baseline_of(std::span<const std::string> names, std::string_view wish) {
  if (wish.empty()) return 0;
  const auto found = std::ranges::find(names, wish);
  if (found == names.end()) unknown_name(ErrorKind::usage, "recipe", wish, KnownNames(names), "--baseline");
  return static_cast<size_t>(found - names.begin());
}

SharedValues shared_values(const FieldList& recipe) {
  SharedValues values;
  for (const Field& field : recipe.items) {
    if (std::ranges::find(kShared, field.name) != kShared.end()) values.emplace_back(field.name, field.write());
    if (field.name != "data") continue;
    for (const Field& member : field.members) {
      if (member.name != kFree) values.emplace_back("data." + member.name, member.write());
    }
  }
  return values;
}

void require_alike(std::span<const NamedValues> recipes) {
  for (size_t i = 1; i < recipes.size(); ++i) {
    const NamedValues &first = recipes.front(), &other = recipes[i];
    for (size_t k = 0; k < first.values.size(); ++k) {
      const auto& [key, value] = first.values[k];
      if (other.values[k].second == value) continue;
      fail(ErrorKind::usage,
           fmt::format("{} is {} in {} and {} in {}", key, value, first.recipe, other.values[k].second, other.recipe),
           "compare",
           fmt::format("only architectures on the same data and budget can be compared: make them equal, for all with "
                       "--set {}=VALUE",
                       key));
    }
  }
}

}  // namespace spinenet::compare
