// The images that a command line names.
//
// Thread contract: free functions.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "image/image.h"

namespace spinenet::cli {

// Files as they are, the images directly in a folder and those that a pattern matches in the order of their names,
// "-" as it is. ErrorKind::io for what is not there, ErrorKind::bad_data for a folder or pattern without images.
std::vector<std::string> expand_inputs(std::span<const std::string> inputs);

// Before long work: ErrorKind::io when the folder that `file` shall be written to is not there.
void require_folder_of(const std::string& file);

// A file, or standard input for "-". Errors as read_image.
image::Image read_input(const std::string& name);

}  // namespace spinenet::cli
