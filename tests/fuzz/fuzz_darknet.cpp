// Any bytes as a Darknet file of two layers, or as a safetensors file of another program, give tensors that can be read
// whole, or an Error that names the place; nothing else.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "formats/import/darknet.h"
#include "formats/import/source.h"

namespace {

using spinenet::formats::FileBytes;
using spinenet::formats::SourceTensors;

template <class Read>
void try_reading(const Read& read) {
  try {
    const SourceTensors source = read();
    for (const auto& [name, tensor] : source.tensors) {
      if (tensor.read().size() != static_cast<size_t>(spinenet::element_count(tensor.shape))) std::abort();
    }
  } catch (const spinenet::Error& error) {
    if (!std::string_view(error.what()).starts_with("input")) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr std::array<spinenet::formats::DarknetLayer, 2> kLayers{{{2, 1, 1, true}, {1, 2, 1, false}}};
  const auto file = FileBytes::of(std::string(reinterpret_cast<const char*>(data), size), "input.weights");
  try_reading([&] { return spinenet::formats::read_darknet(file, kLayers); });
  try_reading([&] { return spinenet::formats::read_safetensors_source(file); });
  return 0;
}
