// The JSON form of an architecture: what a person writes, what a model file carries and what a search exports.
// Keys left out keep their defaults; an unknown key, a wrong type or a broken rule is ErrorKind::bad_data that names
// the JSON pointer and, for a key, the nearest right one.
#pragma once

#include <filesystem>
#include <string_view>

#include "arch/architecture.h"
#include "base/json.h"

namespace spinenet::arch {

Json to_json(const Architecture& architecture);
Architecture architecture_from_json(const Json& json, std::string_view place);
Architecture read_architecture(const std::filesystem::path& path);

std::string_view name_of(BlockKind kind);
std::string_view name_of(StemKind stem);
std::string_view name_of(MergeKind kind);
std::string_view name_of(Resampling resampling);
std::string_view name_of(Activation activation);
std::string_view name_of(Padding padding);
std::string_view name_of(LargeDownsample rule);

}  // namespace spinenet::arch
