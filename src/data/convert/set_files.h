// The files of a data set that lies in folders, at any depth.
//
// Thread contract: pure functions but for what is read.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "data/convert/set_reading.h"

namespace spinenet::data {

// All that is no folder, in the order of their paths. The folder is among those that were searched; links to folders
// are not followed, but counted. ErrorKind::io with the name of a folder that cannot be read.
std::vector<std::filesystem::path> files_below(const std::filesystem::path& folder, SetReading& reading);

// Whether the file is an image that is read; one that is not is counted by its reason.
bool is_image_of_set(const std::filesystem::path& file, SetReading& reading);

// Whether the file has that suffix, given in small letters, in any case of letters. Hidden files have none.
bool has_suffix(const std::filesystem::path& file, std::string_view suffix);

// Files whose paths differ from a wanted one in capital and small letters alone, as some systems take them to be the
// same. Each folder is read once.
class NamesInOtherLetters {
 public:
  // In the order of their names; empty where there are none, and for folders that cannot be read.
  std::vector<std::filesystem::path> near(const std::filesystem::path& wanted);

 private:
  using Names = std::multimap<std::string, std::filesystem::path>;  // by the name in small letters
  const Names& names_in(const std::filesystem::path& folder);

  std::map<std::filesystem::path, Names> folders_;
};

}  // namespace spinenet::data
