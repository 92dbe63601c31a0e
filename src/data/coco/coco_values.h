// Typed reading of the values in COCO files by the rules of coco_fields.h: each function gives the value, or says in
// words why it is not one.
//
// Thread contract: all functions may be called from any thread. Only this module's .cpp files include this header.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <simdjson.h>

#include "data/coco/coco_fields.h"
#include "detect/mask.h"

namespace spinenet::data {

inline constexpr int64_t kMaxId = int64_t{1} << 53;         // above it, doubles no longer hold every integer
inline constexpr int64_t kMaxImageSide = int64_t{1} << 20;  // pixels
inline constexpr double kMaxCoordinate = 10'000'000;        // pixels; floats still hold every half pixel

// Integers from 0 to 2^53; 7.0 counts as 7. `element` may be absent.
std::optional<int64_t> read_id(Field field, const MaybeElement& element, std::string& why);
// 1 to kMaxImageSide.
std::optional<int64_t> read_side(const MaybeElement& element);
// The side that a text of digits means, for repairs.
std::optional<int64_t> side_in_text(const MaybeElement& element);
// A name. `why` is set where there is none, and where it was converted; `converted` tells the two apart.
std::optional<std::string> read_name(Field field, const MaybeElement& element, std::string& why, bool& converted);
std::optional<double> read_number(simdjson::dom::element element);
// Exactly four numbers.
std::optional<std::array<double, 4>> read_bbox(Field field, const MaybeElement& element, std::string& why);
// {"size": [height, width], "counts": text or list}.
std::optional<detect::Rle> read_rle(simdjson::dom::element element, std::string& why);
// Numbers only, an even count of at least six, none beyond kMaxCoordinate.
std::optional<std::vector<double>> read_polygon(simdjson::dom::element element, std::string& why);
// An even count of at least six numbers, none beyond kMaxCoordinate.
bool is_polygon(const std::vector<double>& numbers);

bool is_huge(const std::array<double, 4>& bbox);

}  // namespace spinenet::data
