#include "formats/elements.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

namespace spinenet::formats {
namespace {

static_assert(std::endian::native == std::endian::little, "tensor data is little-endian and copied as it is");

float half_to_float(uint16_t half) {
  const bool negative = (half & 0x8000U) != 0;
  const int exponent = (half >> 10) & 0x1F;
  const int fraction = half & 0x3FF;
  float magnitude = 0;
  if (exponent == 0x1F) {
    magnitude = fraction == 0 ? std::numeric_limits<float>::infinity() : std::numeric_limits<float>::quiet_NaN();
  } else if (exponent == 0) {
    magnitude = std::ldexp(static_cast<float>(fraction), -24);
  } else {
    magnitude = std::ldexp(static_cast<float>(fraction + 0x400), exponent - 25);
  }
  return negative ? -magnitude : magnitude;
}

// Rounds to nearest; beyond the range of float32 it is infinite, where a plain cast would be undefined.
float double_to_float(double value) {
  constexpr double kLimit = 0x1.ffffffp127;  // halfway between the largest float and the next power of two
  if (std::abs(value) >= kLimit)
    return std::copysign(std::numeric_limits<float>::infinity(), static_cast<float>(value > 0 ? 1 : -1));
  return static_cast<float>(value);
}

template <class T, class Convert>
void convert_all(std::span<const char> bytes, std::span<float> out, Convert convert) {
  for (size_t i = 0; i < out.size(); ++i) {
    T value;
    std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
    out[i] = convert(value);
  }
}

template <class T>
void cast_all(std::span<const char> bytes, std::span<float> out) {
  convert_all<T>(bytes, out, [](T value) { return static_cast<float>(value); });
}

}  // namespace

size_t element_size(ElementType type) {
  switch (type) {
    case ElementType::boolean:
    case ElementType::u8:
    case ElementType::i8:
      return 1;
    case ElementType::u16:
    case ElementType::i16:
    case ElementType::f16:
    case ElementType::bf16:
      return 2;
    case ElementType::u32:
    case ElementType::i32:
    case ElementType::f32:
      return 4;
    case ElementType::u64:
    case ElementType::i64:
    case ElementType::f64:
      return 8;
  }
  return 0;
}

void elements_to_float(ElementType type, std::span<const char> bytes, std::span<float> out) {
  if (out.empty()) return;
  switch (type) {
    case ElementType::boolean:
      return convert_all<uint8_t>(bytes, out, [](uint8_t value) { return value == 0 ? 0.0F : 1.0F; });
    case ElementType::u8:
      return cast_all<uint8_t>(bytes, out);
    case ElementType::i8:
      return cast_all<int8_t>(bytes, out);
    case ElementType::u16:
      return cast_all<uint16_t>(bytes, out);
    case ElementType::i16:
      return cast_all<int16_t>(bytes, out);
    case ElementType::f16:
      return convert_all<uint16_t>(bytes, out, half_to_float);
    case ElementType::bf16:
      return convert_all<uint16_t>(
          bytes, out, [](uint16_t value) { return std::bit_cast<float>(static_cast<uint32_t>(value) << 16); });
    case ElementType::u32:
      return cast_all<uint32_t>(bytes, out);
    case ElementType::i32:
      return cast_all<int32_t>(bytes, out);
    case ElementType::f32:
      std::memcpy(out.data(), bytes.data(), out.size_bytes());
      return;
    case ElementType::u64:
      return cast_all<uint64_t>(bytes, out);
    case ElementType::i64:
      return cast_all<int64_t>(bytes, out);
    case ElementType::f64:
      return convert_all<double>(bytes, out, double_to_float);
  }
}

}  // namespace spinenet::formats
