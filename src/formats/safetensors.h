// The safetensors file: a JSON header and the raw little-endian data of named tensors, with nothing that runs code.
//
// Layout: 8 bytes header length, the header, the data section. The header maps each name to dtype, shape and byte
// range, and "__metadata__" to text pairs. Accepted are only files that keep every rule: header of at most 100 MB, JSON
// without duplicate keys, byte ranges that tile the data section without holes or overlaps and agree with dtype and
// shape, and a file exactly as long as they say. Everything is checked before a tensor is allocated.
//
// Files written here carry two checksums in the metadata, "checksum" over the data section and "header_checksum" over
// the length and the header (its own digits taken as zeros), so a flipped byte anywhere is found. Files of other
// programs have neither, which is fine. Both entries belong to the file, not to TensorFile::metadata.
//
// Thread contract: free functions on their arguments.
// Source: safetensors format description, huggingface/safetensors README, section "Format".
#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "base/host_tensor.h"
#include "base/output.h"

namespace spinenet::formats {

struct TensorFile {
  Weights weights;
  std::map<std::string, std::string> metadata;
};

// Atomic, and the same content gives the same bytes: tensors are float32, sorted by name; the data begins at a multiple
// of 8 bytes. ErrorKind::failed for a name or a metadata key which the format reserves, text that is not UTF-8, or a
// tensor whose data does not fit its shape.
void write_safetensors(const Output& output, const TensorFile& file);

// Elements become float32: F32 as they are, bit by bit; F16, BF16, BOOL, U8, I8, U16, I16 exactly; F64, U32, I32, U64,
// I64 rounded to nearest. Another dtype is ErrorKind::unsupported, every other fault ErrorKind::bad_data; both name
// `place`.
TensorFile parse_safetensors(std::span<const char> bytes, std::string_view place);
TensorFile read_safetensors(const std::filesystem::path& path);

// ErrorKind::bad_data naming the first tensor that holds a NaN or an infinity, and how many of them.
void check_finite(const Weights& weights, std::string_view place);

}  // namespace spinenet::formats
