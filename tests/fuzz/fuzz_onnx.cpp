// Any bytes give an OnnxFile that survives being written, or an Error that names the place; nothing else.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "formats/onnx/file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const char> bytes(reinterpret_cast<const char*>(data), size);
  try {
    const spinenet::formats::OnnxFile file = spinenet::formats::parse_onnx(bytes, "input");
    const std::string again = spinenet::formats::to_bytes(file, "input");
    if (spinenet::formats::to_bytes(spinenet::formats::parse_onnx(again, "input"), "input") != again) std::abort();
  } catch (const spinenet::Error& error) {
    if (!std::string_view(error.what()).starts_with("input")) std::abort();
  }
  return 0;
}
