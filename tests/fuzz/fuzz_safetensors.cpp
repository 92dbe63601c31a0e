// Any bytes give a TensorFile that keeps its invariant, or an Error that names the place; nothing else.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "formats/model_file.h"
#include "formats/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const char> bytes(reinterpret_cast<const char*>(data), size);
  try {
    const spinenet::formats::TensorFile file = spinenet::formats::parse_safetensors(bytes, "input");
    for (const auto& [name, tensor] : file.weights) {
      if (tensor.data.size() != static_cast<size_t>(spinenet::element_count(tensor.shape))) std::abort();
    }
    spinenet::formats::parse_model(bytes, "input");
  } catch (const spinenet::Error& error) {
    if (!std::string_view(error.what()).starts_with("input")) std::abort();
  }
  return 0;
}
