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

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/output.h"
#include "base/tensor_view.h"
#include "formats/elements.h"

namespace spinenet::formats {

struct TensorFile {
  Weights weights;
  std::map<std::string, std::string> metadata;
};

// Atomic, and the same content gives the same bytes: tensors are float32, sorted by name; the data begins at a multiple
// of 8 bytes. ErrorKind::failed for a name or a metadata key which the format reserves, text that is not UTF-8, or a
// tensor whose data does not fit its shape.
void write_safetensors(const Output& output, const TensorFile& file);
void write_safetensors(const Output& output, const Weights& weights,
                       const std::map<std::string, std::string>& metadata);

// Where a tensor lies.
struct TensorPlace {
  std::string name;
  ElementType type = ElementType::f32;
  std::vector<int64_t> shape;
  uint64_t count = 0;           // of elements
  uint64_t begin = 0, end = 0;  // in the data section
};

// What a file says before its data.
struct SafetensorsHeader {
  std::vector<TensorPlace> tensors;  // in the order of the data
  std::map<std::string, std::string> metadata;
  std::string data_checksum;  // as the metadata had it, where checked_header() took it from there; "": none
  uint64_t data_begin = 0;    // in the file
};

// The checksums are not looked at, and stay in the metadata. `read` gives `count` bytes of the file from `begin` on,
// which are there. Errors as parse_safetensors.
using ReadBytes = std::function<std::string(uint64_t begin, uint64_t count)>;
SafetensorsHeader read_safetensors_header(const ReadBytes& read, uint64_t file_size, std::string_view place);

// A file's parts for who reads it piece by piece: the header with its own checksum checked, the data of a tensor, its
// values, and the check of all data, where `done` is called after each tensor. Errors as parse_safetensors.
SafetensorsHeader checked_header(std::span<const char> file, std::string_view place);
std::string_view data_of(const TensorPlace& entry, const SafetensorsHeader& header, std::string_view file);
HostTensor tensor_of(const TensorPlace& entry, std::string_view data);
void check_data(const SafetensorsHeader& header, std::string_view file, std::string_view place,
                const std::function<void(std::string_view)>& done);

// Elements become float32: F32 as they are, bit by bit; F16, BF16, BOOL, U8, I8, U16, I16 exactly; F64, U32, I32, U64,
// I64 rounded to nearest. Another dtype is ErrorKind::unsupported, every other fault ErrorKind::bad_data; both name
// `place`.
TensorFile parse_safetensors(std::span<const char> bytes, std::string_view place);
TensorFile read_safetensors(const std::filesystem::path& path);

// ErrorKind::bad_data for a tensor that holds a NaN or an infinity.
void check_finite(const std::string& name, std::span<const float> values, std::string_view place);
// ErrorKind::bad_data naming the first tensor that holds a NaN or an infinity, and how many of them.
void check_finite(const Weights& weights, std::string_view place);

}  // namespace spinenet::formats
