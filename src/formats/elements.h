// Element types of a safetensors file and their conversion to float32.
//
// Thread contract: free functions on their arguments.
// Source: safetensors dtype names; IEEE 754 binary16; bfloat16 as the upper half of binary32.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace spinenet::formats {

enum class ElementType { boolean, u8, i8, u16, i16, f16, bf16, u32, i32, f32, u64, i64, f64 };

// From the name in the file, "F32" for example; nothing for an unknown one.
std::optional<ElementType> element_type(std::string_view name);
// "BOOL, U8, I8, ...": for messages.
std::string element_type_names();
size_t element_size(ElementType type);

// `bytes` holds out.size() little-endian elements, at any alignment.
void elements_to_float(ElementType type, std::span<const char> bytes, std::span<float> out);

}  // namespace spinenet::formats
