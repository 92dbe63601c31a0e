// The JSON form of an architecture: what a person writes, what a model file carries and what a search exports. Its keys
// are those of architecture_fields.h.
// Keys left out keep their defaults; an unknown key, a wrong type or a broken rule is ErrorKind::bad_data that names
// the JSON pointer and, for a key, the nearest right one.
//
// Thread contract: pure functions.
#pragma once

#include <filesystem>
#include <string_view>

#include "arch/architecture.h"
#include "base/json.h"

namespace spinenet::arch {

Json to_json(const Architecture& architecture);
Architecture architecture_from_json(const Json& json, std::string_view place);
Architecture read_architecture(const std::filesystem::path& path);

}  // namespace spinenet::arch
