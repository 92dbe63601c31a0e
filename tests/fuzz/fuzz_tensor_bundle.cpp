// Any bytes give the tensors of a checkpoint, all of which can be read or say why not, or an Error that names the
// place; nothing else. The first byte says what the rest is: an index; keys and values of an index, so that checksums
// are no hurdle; or an object graph.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "formats/import/tensor_bundle.h"
#include "formats/import/tensor_bundle_fixture.h"
#include "formats/import/wire_reader.h"

namespace {

using spinenet::formats::BundleData;

constexpr uint64_t kDataSize = 4096;

void read_all(std::string_view index) {
  const auto open = [](size_t shards) {
    return BundleData{std::vector<uint64_t>(shards, kDataSize), [](size_t, uint64_t offset, uint64_t size) {
                        if (offset > kDataSize || size > kDataSize - offset) std::abort();
                        return std::string(size, '\0');
                      }};
  };
  const spinenet::formats::SourceTensors source = spinenet::formats::parse_tensor_bundle(index, open, "input");
  for (const auto& [name, tensor] : source.tensors) {
    try {
      const size_t count = tensor.read().size();
      if (count != static_cast<size_t>(spinenet::element_count(tensor.shape))) std::abort();
    } catch (const spinenet::Error& error) {
      if (!std::string_view(error.what()).starts_with("input")) std::abort();
    }
  }
}

// Pairs of texts, each after its length in a varint.
std::string index_of(std::string_view bytes) {
  std::vector<std::pair<std::string, std::string>> entries;
  const auto take = [&bytes] {
    uint64_t size = 0;
    if (!spinenet::formats::take_varint(bytes, size)) return std::string();
    const std::string text(bytes.substr(0, size));
    bytes.remove_prefix(text.size());
    return text;
  };
  while (!bytes.empty()) {
    const size_t before = bytes.size();
    std::string key = take(), value = take();
    if (bytes.size() == before) break;
    entries.emplace_back(std::move(key), std::move(value));
  }
  return spinenet::fixture::bundle::table(entries);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  try {
    switch (data[0] % 3) {
      case 0:
        read_all(bytes);
        break;
      case 1:
        read_all(index_of(bytes));
        break;
      default:
        spinenet::formats::parse_object_graph(bytes, "input");
    }
  } catch (const spinenet::Error& error) {
    if (!std::string_view(error.what()).starts_with("input")) std::abort();
  }
  return 0;
}
