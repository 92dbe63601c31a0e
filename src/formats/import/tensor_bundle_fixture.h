// Tensor bundles for tests, written by hand as TensorFlow writes them, so that each part can be broken on its own.
//
// Thread contract: plain values.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/crc32c.h"
#include "formats/import/tensor_bundle.h"

namespace spinenet::fixture::bundle {

inline std::string varint(uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
  return bytes + static_cast<char>(value);
}

inline std::string fixed(uint64_t value, size_t size) {
  std::string bytes;
  for (size_t i = 0; i < size; ++i) bytes += static_cast<char>(value >> 8 * i);
  return bytes;
}

// Fields of a protobuf message.
inline std::string number_field(uint64_t field, uint64_t value) {
  return varint(field << 3) + varint(value);
}
inline std::string bytes_field(uint64_t field, std::string_view value) {
  return varint(field << 3 | 2) + varint(value.size()) + std::string(value);
}
inline std::string fixed_field(uint64_t field, uint32_t value) {
  return varint(field << 3 | 5) + fixed(value, 4);
}

// A block of a table with its kind and checksum behind it.
inline std::string block(const std::vector<std::pair<std::string, std::string>>& entries, char kind = 0) {
  std::string bytes, last;
  for (const auto& [key, value] : entries) {
    size_t shared = 0;
    while (shared < std::min(last.size(), key.size()) && last[shared] == key[shared]) ++shared;
    bytes += varint(shared) + varint(key.size() - shared) + varint(value.size()) + key.substr(shared) + value;
    last = key;
  }
  bytes += fixed(0, 4) + fixed(1, 4) + kind;
  return bytes + fixed(masked_crc32c(crc32c(bytes)), 4);
}

// Blocks of at most `per_block` entries.
inline std::string table(const std::vector<std::pair<std::string, std::string>>& entries, size_t per_block = 3,
                         char kind = 0) {
  constexpr size_t kTrailer = 5;
  std::string bytes;
  std::vector<std::pair<std::string, std::string>> index;
  const auto handle = [&](const std::string& stored) {
    const std::string place = varint(bytes.size()) + varint(stored.size() - kTrailer);
    bytes += stored;
    return place;
  };
  for (size_t i = 0; i < entries.size(); i += per_block) {
    const auto begin = entries.begin() + static_cast<std::ptrdiff_t>(i);
    const auto end = entries.begin() + static_cast<std::ptrdiff_t>(std::min(entries.size(), i + per_block));
    index.emplace_back(std::prev(end)->first, handle(block({begin, end}, kind)));
  }
  const std::string meta = handle(block({}));
  std::string footer = meta + handle(block(index));
  footer.resize(40);
  return bytes + footer + fixed(0xdb4775248b80fb57, 8);
}

// A checkpoint of one data file.
class BundleWriter {
 public:
  void add(const std::string& name, uint64_t type, const std::vector<int64_t>& shape, const std::string& bytes) {
    std::string dims;
    for (const int64_t extent : shape) dims += bytes_field(2, number_field(1, static_cast<uint64_t>(extent)));
    add_entry(name, number_field(1, type) + bytes_field(2, dims), bytes, crc32c(bytes));
  }
  void add_floats(const std::string& name, const std::vector<int64_t>& shape, const std::vector<float>& values) {
    add(name, 1, shape, {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)});
  }
  void add_text(const std::string& name, const std::string& text) {
    const uint32_t length_sum = crc32c(fixed(text.size(), 4));
    const std::string checked = fixed(masked_crc32c(length_sum), 4) + text;
    add_entry(name, number_field(1, 7) + bytes_field(2, ""), varint(text.size()) + checked,
              crc32c(checked, length_sum));
  }
  // The fields before the place and the checksum.
  void add_entry(const std::string& name, const std::string& fields, const std::string& bytes, uint32_t sum) {
    entries[name] =
        fields + number_field(4, data.size()) + number_field(5, bytes.size()) + fixed_field(6, masked_crc32c(sum));
    data += bytes;
  }

  std::string index(size_t per_block = 3, char kind = 0) const {
    return table({entries.begin(), entries.end()}, per_block, kind);
  }
  formats::SourceTensors parse() const { return formats::parse_tensor_bundle(index(), open(), "test.index"); }
  formats::OpenBundleData open() const {
    return [bytes = data](size_t shards) {
      return formats::BundleData{
          std::vector<uint64_t>(shards, bytes.size()),
          [bytes](size_t, uint64_t offset, uint64_t size) { return bytes.substr(offset, size); }};
    };
  }

  std::map<std::string, std::string> entries{{"", number_field(1, 1)}};  // the header first
  std::string data;
};

}  // namespace spinenet::fixture::bundle
