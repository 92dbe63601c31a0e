// The files of a data set that lies in folders, at any depth.
//
// Thread contract: pure functions but for what is read.
#pragma once

#include <filesystem>
#include <vector>

#include "data/convert/set_reading.h"

namespace spinenet::data {

// All that is no folder, in the order of their paths. The folder is among those that were searched; links to folders
// are not followed, but counted. ErrorKind::io with the name of a folder that cannot be read.
std::vector<std::filesystem::path> files_below(const std::filesystem::path& folder, SetReading& reading);

// Whether the file is an image that is read; one that is not is counted by its reason.
bool is_image_of_set(const std::filesystem::path& file, SetReading& reading);

}  // namespace spinenet::data
