// The classes of a model that is imported, as its user names them.
//
// Thread contract: a free function.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "formats/model_file.h"

namespace spinenet::runtime {

// A number of classes without names, or a file with one name in each line; none of "". Their ids are 0: they follow
// from the source. ErrorKind::usage for a number out of range, with the flag; ErrorKind::bad_data for a file without
// names or with an empty line.
std::vector<formats::ModelClass> named_or_counted_classes(const std::string& given, std::string_view flag);

}  // namespace spinenet::runtime
