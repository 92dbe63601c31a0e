// JSON for specs, recipes' resolved form, metadata and results that people read. Large COCO files have their own fast
// reader in data/. Objects keep the order in which their keys were written.
//
// parse_json is strict (RFC 8259) and refuses what hurts later: duplicate keys, nesting deeper than 64, a byte order
// mark, invalid UTF-8. Errors are ErrorKind::bad_data and name `place`, the line and the column.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace spinenet {

using Json = nlohmann::ordered_json;

Json parse_json(std::string_view text, std::string_view place);
Json read_json(const std::filesystem::path& path);

// The same with objects sorted by key: for objects of many keys that are looked up, where Json looks at all of them.
using SortedJson = nlohmann::json;
SortedJson parse_sorted_json(std::string_view text, std::string_view place);

// Two-space indentation and a final newline; doubles print with the fewest digits that read back to the same value.
std::string to_text(const Json& json);

}  // namespace spinenet
