// What a comparison of architectures asks for: which seeds, what the recipes are called, and whether they are alike
// enough for their results to say something about architectures.
//
// Thread contract: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fields.h"

namespace spinenet::compare {

// "3" is 1, 2, 3; "4,7" is those two, "5," that one. ErrorKind::usage.
std::vector<uint64_t> parse_seeds(std::string_view text);

// File names without folder and ending. ErrorKind::usage when two are the same: each is a folder's name.
std::vector<std::string> contestant_names(std::span<const std::filesystem::path> recipes);

// The place of the recipe that the others are compared with, the first one where no name is wished for.
// ErrorKind::usage for a name that none has.
size_t baseline_of(std::span<const std::string> names, std::string_view wish);

// Of a recipe's fields those that all must share, by key: the task, the data, the image size, the budget and how
// often it is measured, since the best measurement may count.
using SharedValues = std::vector<std::pair<std::string, std::string>>;
SharedValues shared_values(const FieldList& recipe);

struct NamedValues {
  std::string recipe;
  SharedValues values;
};
// ErrorKind::usage naming the key and the first two recipes that differ in it.
void require_alike(std::span<const NamedValues> recipes);

}  // namespace spinenet::compare
