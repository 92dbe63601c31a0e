// Element types of a safetensors file and their conversion to float32.
//
// Thread contract: free functions on their arguments.
// Source: safetensors dtype names; IEEE 754 binary16; bfloat16 as the upper half of binary32.
#pragma once

#include <cstddef>
#include <span>

#include "base/enum_names.h"

namespace spinenet::formats {

enum class ElementType { boolean, u8, i8, u16, i16, f16, bf16, u32, i32, f32, u64, i64, f64 };
// As a file has them.
constexpr auto names(ElementType) {
  using enum ElementType;
  return named<ElementType>({{boolean, "BOOL"},
                             {u8, "U8"},
                             {i8, "I8"},
                             {u16, "U16"},
                             {i16, "I16"},
                             {f16, "F16"},
                             {bf16, "BF16"},
                             {u32, "U32"},
                             {i32, "I32"},
                             {f32, "F32"},
                             {u64, "U64"},
                             {i64, "I64"},
                             {f64, "F64"}});
}

size_t element_size(ElementType type);

// `bytes` holds out.size() little-endian elements, at any alignment.
void elements_to_float(ElementType type, std::span<const char> bytes, std::span<float> out);

}  // namespace spinenet::formats
