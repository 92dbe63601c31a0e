#include "formats/onnx/interpreter/kernels.h"

#include <numeric>

#include "base/error.h"
#include "base/format.h"

namespace spinenet::formats {
namespace {

constexpr int64_t kMostElements = int64_t{1} << 31;

template <class T>
T read_attribute(const OnnxCall& call, const std::string& name, T otherwise) {
  const auto found = call.node.attributes.find(name);
  if (found == call.node.attributes.end()) return otherwise;
  const T* value = std::get_if<T>(&found->second);
  require(call, value != nullptr, fmt::format("the attribute {} has another type", name));
  return *value;
}

// Null where there is none.
OnnxKernel kernel_of(std::string_view op) {
  for (const auto& kernels :
       {network_kernels(), element_kernels(), shape_kernels(), selection_kernels(), region_kernels()}) {
    for (const NamedKernel& kernel : kernels) {
      if (kernel.op == op) return kernel.run;
    }
  }
  return nullptr;
}

}  // namespace

bool has_kernel(std::string_view op) {
  return kernel_of(op) != nullptr;
}

std::vector<OnnxTensor> run_node(const OnnxCall& call) {
  const OnnxKernel kernel = kernel_of(call.node.op);
  if (kernel == nullptr) refuse(call, "is an operator that this program does not write");
  return kernel(call);
}

void refuse(const OnnxCall& call, std::string_view what) {
  fail(ErrorKind::bad_data, what, fmt::format("ONNX node {} ({})", call.node.name, call.node.op));
}

void require(const OnnxCall& call, bool holds, std::string_view what) {
  if (!holds) refuse(call, what);
}

const OnnxTensor& input(const OnnxCall& call, size_t i) {
  require(call, i < call.inputs.size() && call.inputs[i] != nullptr, "lacks an input");
  return *call.inputs[i];
}

const OnnxTensor& floats(const OnnxCall& call, size_t i) {
  const OnnxTensor& x = input(call, i);
  require(call, x.type == OnnxType::f32, "has an input that is not float32");
  return x;
}

const OnnxTensor& integers(const OnnxCall& call, size_t i) {
  const OnnxTensor& x = input(call, i);
  require(call, x.type == OnnxType::i64, "has an input that is not int64");
  return x;
}

int64_t attribute(const OnnxCall& call, const std::string& name, int64_t otherwise) {
  return read_attribute(call, name, otherwise);
}

float attribute(const OnnxCall& call, const std::string& name, float otherwise) {
  return read_attribute(call, name, otherwise);
}

std::string attribute(const OnnxCall& call, const std::string& name, const std::string& otherwise) {
  return read_attribute(call, name, otherwise);
}

std::vector<int64_t> attribute(const OnnxCall& call, const std::string& name, std::vector<int64_t> otherwise) {
  return read_attribute(call, name, std::move(otherwise));
}

int64_t axis_of(const OnnxCall& call, int64_t axis, size_t rank) {
  const auto extents = static_cast<int64_t>(rank);
  require(call, axis >= -extents && axis < extents, fmt::format("has no axis {}", axis));
  return axis < 0 ? axis + extents : axis;
}

int64_t element_count(std::span<const int64_t> shape) {
  return std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
}

OnnxTensor make_onnx_tensor(const OnnxCall& call, OnnxType type, std::vector<int64_t> shape) {
  int64_t count = 1;
  for (const int64_t extent : shape) {
    require(call, extent >= 0 && !__builtin_mul_overflow(count, extent, &count) && count <= kMostElements,
            fmt::format("gives a tensor [{}]", fmt::join(shape, ", ")));
  }
  OnnxTensor y{type, std::move(shape), {}, {}};
  if (type == OnnxType::f32) {
    y.floats.resize(static_cast<size_t>(count));
  } else {
    y.ints.resize(static_cast<size_t>(count));
  }
  return y;
}

std::vector<int64_t> strides_of(std::span<const int64_t> shape) {
  std::vector<int64_t> strides(shape.size(), 1);
  for (size_t axis = shape.size(); axis-- > 1;) strides[axis - 1] = strides[axis] * shape[axis];
  return strides;
}

}  // namespace spinenet::formats
