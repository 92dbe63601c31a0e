// A folder for images with what was found drawn on them.
//
// Thread contract: one thread at a time.
#pragma once

#include <filesystem>
#include <set>
#include <span>
#include <string>

#include "image/image.h"

namespace spinenet::runtime {

class DrawnImages {
 public:
  // ErrorKind::io when the folder is not there and cannot be made.
  explicit DrawnImages(std::filesystem::path folder);

  // ErrorKind::usage when one of these files lies in the folder: it, or another one beside it, could be written over.
  void refuse_inputs_inside(std::span<const std::string> files) const;
  // Under the name of its input ("-" is standard input), as PNG where that is one, else as JPEG. Equal names of inputs
  // from several folders are numbered.
  void write(const std::string& input, const image::Image& drawn);

 private:
  std::filesystem::path folder_;
  std::set<std::string> used_;
};

}  // namespace spinenet::runtime
