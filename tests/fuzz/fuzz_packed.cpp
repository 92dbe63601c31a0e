// Any bytes as a file of packed weights: refused, or accepted, written and read back the same.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "engine/compile/packed_weights.h"

namespace {

using namespace spinenet;

void require(bool holds) {
  if (!holds) std::abort();
}

void require_same(const engine::PackedWeights& a, const engine::PackedWeights& b) {
  require(a.key == b.key && a.values.size() == b.values.size());
  require(a.values.empty() || std::memcmp(a.values.data(), b.values.data(), a.values.size_bytes()) == 0);
}

std::string file_of(const engine::PackedWeights& weights) {
  std::string file = engine::packed_header(weights);
  return file.append(reinterpret_cast<const char*>(weights.values.data()), weights.values.size_bytes());
}

// The checksums of random bytes are wrong: the bytes are also tried as what a whole file holds.
void check_content(const std::vector<char>& bytes) {
  const size_t key = bytes.size() % 61;
  if (key > bytes.size()) return;
  std::vector<float> values((bytes.size() - key) / sizeof(float));
  if (!values.empty()) std::memcpy(values.data(), bytes.data() + key, values.size() * sizeof(float));
  const engine::PackedWeights weights{{bytes.data(), key}, values};
  std::string file = file_of(weights);
  const auto read = engine::parse_packed(file);
  require(read.has_value());
  require_same(*read, weights);
  file[bytes.size() * 31 % file.size()] ^= 1;
  require(!engine::parse_packed(file));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::vector<char> bytes(data, data + size);
  if (const auto found = engine::parse_packed(bytes)) {
    const std::string again = file_of(*found);
    require(again.size() == bytes.size() && std::memcmp(again.data(), bytes.data(), again.size()) == 0);
  }
  check_content(bytes);
  return 0;
}
