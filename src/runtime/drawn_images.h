// A folder for images with what was found drawn on them.
//
// Thread contract: one thread at a time.
#pragma once

#include <filesystem>
#include <set>
#include <span>
#include <string>

#include "base/owned_folder.h"
#include "image/image.h"

namespace spinenet::runtime {

// ErrorKind::usage when one of these files lies in the folder: it, or another one beside it, could be written over.
void refuse_inputs_inside(const std::filesystem::path& folder, std::span<const std::string> files);

class DrawnImages {
 public:
  // Takes the folder (OwnedFolder), with its errors.
  explicit DrawnImages(const std::filesystem::path& folder);

  // Under the name of its input ("-" is standard input), as PNG where that is one, else as JPEG. Numbered where inputs
  // from several folders have one name, or where a file of that name was not made here.
  void write(const std::string& input, const image::Image& drawn);

 private:
  OwnedFolder folder_;
  std::set<std::string> used_;
};

}  // namespace spinenet::runtime
