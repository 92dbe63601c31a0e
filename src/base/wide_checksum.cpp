#include "base/wide_checksum.h"

#include <array>
#include <cstring>

namespace spinenet {
namespace {

constexpr uint64_t kFactor = 0x9E3779B97F4A7C15U;

uint64_t mixed(uint64_t hash, uint64_t word) {
  hash = (hash ^ word) * kFactor;
  return hash ^ (hash >> 32);
}

}  // namespace

// Eight lanes, because each step of one waits for the step before it.
uint64_t wide_checksum(std::string_view bytes, uint64_t seed) {
  std::array<uint64_t, 8> lanes{}, words{};
  for (size_t i = 0; i < lanes.size(); ++i) lanes[i] = seed + i;
  uint64_t hash = mixed(seed, bytes.size());
  while (bytes.size() >= sizeof words) {
    std::memcpy(words.data(), bytes.data(), sizeof words);
    for (size_t i = 0; i < lanes.size(); ++i) lanes[i] = mixed(lanes[i], words[i]);
    bytes.remove_prefix(sizeof words);
  }
  for (const uint64_t lane : lanes) hash = mixed(hash, lane);
  for (const char c : bytes) hash = mixed(hash, static_cast<unsigned char>(c));
  return hash;
}

}  // namespace spinenet
