// The file that a name of an annotation file may mean: names that differ by a leading ./, backslashes, percent codes,
// the Unicode form (composed or decomposed), accents, upper and lower case, spaces at an end, or the folder.
//
// Thread contract: immutable after construction; near() may be called from several threads.
// Source: the decompositions of Unicode 15 for Latin, Greek, Cyrillic, Japanese and Korean letters.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_map>

namespace spinenet::data {

class NearNames {
 public:
  // Looks at the names of all files below the folder, not at links to folders. A folder that cannot be read has none.
  explicit NearNames(const std::filesystem::path& folder);

  // Relative to the folder; "" when none is near.
  std::string near(std::string_view name) const;

 private:
  std::unordered_map<std::string, std::string> by_path_, by_file_;  // relative path by folded name
};

// What names that are near each other have in common.
std::string folded_name(std::string_view name);

}  // namespace spinenet::data
