// Any bytes give tensors of which each can be read whole, or an Error that names the place; nothing else, and nothing
// of a pickle is run.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "formats/import/pytorch.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  try {
    const spinenet::formats::SourceTensors source =
        spinenet::formats::read_pytorch(spinenet::formats::FileBytes::of(bytes, "input"));
    for (const auto& [name, tensor] : source.tensors) {
      if (!tensor.unreadable.empty()) continue;
      const size_t count = tensor.read().size();
      if (count != static_cast<size_t>(spinenet::element_count(tensor.shape))) std::abort();
    }
  } catch (const spinenet::Error& error) {
    if (!std::string_view(error.what()).starts_with("input")) std::abort();
  }
  return 0;
}
