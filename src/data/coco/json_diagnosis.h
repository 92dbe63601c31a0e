// Why a text is not the JSON we read: a second, slow look with nlohmann's event parser after the fast reader said no.
// It finds line and column, the JSON pointer, and tells the usual accidents apart (cut off, comment, trailing comma,
// NaN).
//
// Thread contract: all functions may be called from any thread.
#pragma once

#include <string>
#include <string_view>

#include "data/coco/coco_findings.h"

namespace spinenet::data {

inline constexpr int kMaxJsonDepth = 64;

// Adds exactly one finding. `invalid_utf8` and `reason` are what the fast reader said.
void diagnose_json(std::string_view text, bool invalid_utf8, std::string_view reason, FindingLog& log);

// A key as a part of a JSON pointer: ~ and / are escaped (RFC 6901).
std::string escape_pointer(std::string_view key);

}  // namespace spinenet::data
