// The description of a study that an earlier program began, compared by what it means: recipes gain keys from version
// to version, and a study goes on as long as each key that it does not name yet has its default here.
//
// Thread contract: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "search/store/store.h"

namespace spinenet::search {

// Whether each key of the YAML map `kept` has the same value in `wanted`, and each further key of `wanted` the value
// that it has in `defaults`. False where any of them is no YAML.
bool same_but_for_new_defaults(std::string_view kept, std::string_view wanted, std::string_view defaults);

// `kept` where a search described by `wanted` may work on that study, else `wanted`, which its store then refuses with
// the difference. `training_defaults`: every key of a training recipe with its default, as YAML.
StudyDescription as_kept(const StudyDescription& kept, const StudyDescription& wanted,
                         const std::string& training_defaults);

}  // namespace spinenet::search
