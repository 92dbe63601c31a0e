// An ONNX file as plain data, and the two ways between that and bytes.
//
// Invariant of an OnnxFile that was read: it was written by this program (the metadata say so); every tensor has as
// many elements as its shape; names are unique; each node reads only what an input, an initialiser or an earlier node
// gave; every output exists. The operations themselves are checked by who runs them (formats/onnx/interpreter/run.h).
//
// One file holds everything: data in further files, functions and sparse tensors are refused.
//
// Thread contract: free functions on their arguments.
// Source: ONNX intermediate representation, versions 7 and 8 (formats/onnx/spinenet_onnx.proto).
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace spinenet::formats {

// Operator set 13 with IR 7: the first whose Squeeze, Unsqueeze, ReduceSum and Split have the form that later sets
// kept, and old enough (2020) for every runtime in use: ONNX Runtime from 1.6, OpenVINO, TensorRT 8.
inline constexpr int64_t kOnnxOpset = 13;
// The first whose RoiAlign takes half a cell off, as ours does (2022): ONNX Runtime from 1.11. Of the other operators
// that are written here it changed nothing that is used.
inline constexpr int64_t kOnnxRoiOpset = 16;
// The IR version that belongs to each.
inline constexpr std::array<std::pair<int64_t, int64_t>, 2> kOnnxIrVersions{{{kOnnxOpset, 7}, {kOnnxRoiOpset, 8}}};

enum class OnnxType { f32, i64, boolean };

struct OnnxTensor {
  OnnxType type = OnnxType::f32;
  std::vector<int64_t> shape;
  std::vector<float> floats;  // of f32
  std::vector<int64_t> ints;  // of i64, and of boolean as 0 and 1

  bool operator==(const OnnxTensor&) const = default;
};

using OnnxAttribute = std::variant<int64_t, float, std::string, std::vector<int64_t>, std::vector<float>>;

struct OnnxNode {
  std::string name, op;
  std::vector<std::string> inputs, outputs;  // an input "" is left out
  std::map<std::string, OnnxAttribute> attributes;

  bool operator==(const OnnxNode&) const = default;
};

// An extent, or the name of one that the caller chooses at each run.
using OnnxExtent = std::variant<int64_t, std::string>;

// What the file declares of an input or output.
struct OnnxValue {
  std::string name;
  OnnxType type = OnnxType::f32;
  std::vector<OnnxExtent> shape;

  bool operator==(const OnnxValue&) const = default;
};

struct OnnxFile {
  std::string producer_version;
  int64_t opset = kOnnxOpset;  // one of kOnnxIrVersions
  std::vector<OnnxValue> inputs, outputs;
  std::vector<OnnxNode> nodes;  // in the order of execution
  std::map<std::string, OnnxTensor> initialisers;
  std::map<std::string, std::string> metadata;

  bool operator==(const OnnxFile&) const = default;
};

int64_t element_count(const OnnxTensor& tensor);

// The same file gives the same bytes. ErrorKind::unsupported above 2 GiB, which the format cannot hold.
std::string to_bytes(const OnnxFile& file, std::string_view place);

// ErrorKind::bad_data naming `place` and the node, tensor or entry at fault; ErrorKind::unsupported for another
// operator set.
OnnxFile parse_onnx(std::span<const char> bytes, std::string_view place);

}  // namespace spinenet::formats
