// Classes of a model by name, as a command line gives them.
//
// Thread contract: pure functions.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "formats/model_file.h"

namespace spinenet::runtime {

// The labels (indices into `classes`, ascending) of "cat,dog". Blanks around a name do not count, a name may have
// commas of its own, and of several classes of one name all are meant. ErrorKind::usage at `place` for a name that the
// model does not have, with the nearest right one.
std::vector<int> labels_named(std::string_view names, std::span<const formats::ModelClass> classes,
                              std::string_view place);

}  // namespace spinenet::runtime
