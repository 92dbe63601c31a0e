// The images that a command line names.
//
// Thread contract: free functions.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/output.h"
#include "cli/command.h"
#include "image/image.h"

namespace spinenet::cli {

// Files as they are, the images directly in a folder (image/image_folder.h: what is passed over is counted in the log)
// and the files that a pattern matches in the order of their names, "-" as it is. ErrorKind::io for what is not there,
// ErrorKind::bad_data for a folder or pattern without images.
std::vector<std::string> expand_inputs(std::span<const std::string> inputs);

// A file to write that is none of these images, nor anything else that the command reads. Errors as RunFiles::output.
Output output_beside_inputs(const Invocation& invocation, std::span<const std::string> inputs,
                            const OutputRequest& request);

// A file, or standard input for "-". Errors as read_image.
image::Image read_input(const std::string& name);

}  // namespace spinenet::cli
