// A checksum of many bytes at the speed of memory: tells contents apart, and finds damage; not for security.
//
// Thread contract: a pure function.
#pragma once

#include <cstdint>
#include <string_view>

namespace spinenet {

uint64_t wide_checksum(std::string_view bytes, uint64_t seed = 0);

}  // namespace spinenet
