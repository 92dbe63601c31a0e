// What the states of all algorithms have in common: JSON on one line that begins with the algorithm's name, the version
// of its state and the hash of the space, and arrays of floats kept bit for bit.
//
// Thread contract: pure functions. Every fault is ErrorKind::bad_data and names the algorithm and the key.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "arch/search_space.h"
#include "base/json.h"

namespace spinenet::search {

// {"algorithm": name, "version": version, "space": hash}, to be filled further.
Json state_head(std::string_view algorithm, int version, const arch::SearchSpace& space);
// The state as JSON once its head is found to be this one.
Json parse_state(std::string_view text, std::string_view algorithm, int version, const arch::SearchSpace& space);

// The named members of a state.
int64_t state_count(const Json& state, std::string_view key);  // an integer, at least 0
double state_number(const Json& state, std::string_view key);  // finite
const Json& state_list(const Json& state, std::string_view key);
std::vector<float> state_floats(const Json& state, std::string_view key, size_t size);  // finite, exactly `size`
// One choice of the space per decision: replay accepts it.
arch::Choices state_choices(const Json& state, std::string_view key, const arch::SearchSpace& space);

// The bytes of the floats, little-endian, as base64 (RFC 4648, section 4).
std::string to_base64(std::span<const float> values);

}  // namespace spinenet::search
