// What a search begins with: the best of earlier studies and known architectures, as choices in its space.
//
// Thread contract: the main thread alone.
#pragma once

#include <string>
#include <vector>

#include "arch/search_space.h"

namespace spinenet::search {

// Each source is a study's place, of which the best `count` networks are taken, or the name or JSON file of an
// architecture. Each network once, in the order of the sources. ErrorKind::usage when a source is missing, has no
// measured trial or no scale-permuted backbone; ErrorKind::bad_data naming source, trial and rule when the space lacks
// one.
std::vector<arch::Choices> begin_with(const std::vector<std::string>& sources, int count,
                                      const arch::SearchSpace& space);

}  // namespace spinenet::search
