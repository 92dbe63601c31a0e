// The images that a command line names.
//
// Thread contract: free functions.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "image/image.h"

namespace spinenet::image {

// Files as they are, the images directly in a folder (image/image_folder.h: what is passed over is counted in the log)
// and the files that a pattern matches in the order of their names, "-" as it is. ErrorKind::io for what is not there,
// ErrorKind::bad_data for a folder or pattern without images.
std::vector<std::string> expand_inputs(std::span<const std::string> inputs);

// A file, or standard input for "-". Errors as read_image.
Image read_input(const std::string& name);

}  // namespace spinenet::image
