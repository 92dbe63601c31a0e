// What each ONNX operator does, in plain loops; only run.cpp calls these.
//
// Contract of a kernel: it checks what it is given and refuses what the operator does not allow, or what this program
// never writes, with ErrorKind::bad_data naming the node.
// Source: ONNX operator set 13; RoiAlign of 16.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "base/thread_pool.h"
#include "formats/onnx/file.h"

namespace spinenet::formats {

struct OnnxCall {
  const OnnxNode& node;
  std::vector<const OnnxTensor*> inputs;  // null for one that is left out
  ThreadPool& pool;
};

// Kernels are found by the operator's name.
bool has_kernel(std::string_view op);
std::vector<OnnxTensor> run_node(const OnnxCall& call);

[[noreturn]] void refuse(const OnnxCall& call, std::string_view what);
void require(const OnnxCall& call, bool holds, std::string_view what);

// An input that must be there and be of the type.
const OnnxTensor& input(const OnnxCall& call, size_t i);
const OnnxTensor& floats(const OnnxCall& call, size_t i);
const OnnxTensor& integers(const OnnxCall& call, size_t i);

int64_t attribute(const OnnxCall& call, const std::string& name, int64_t otherwise);
float attribute(const OnnxCall& call, const std::string& name, float otherwise);
std::string attribute(const OnnxCall& call, const std::string& name, const std::string& otherwise);
std::vector<int64_t> attribute(const OnnxCall& call, const std::string& name, std::vector<int64_t> otherwise);

// Counted from the end where negative.
int64_t axis_of(const OnnxCall& call, int64_t axis, size_t rank);

int64_t element_count(std::span<const int64_t> shape);
// Filled with 0. Refuses more elements than memory holds.
OnnxTensor make_onnx_tensor(const OnnxCall& call, OnnxType type, std::vector<int64_t> shape);
// Steps in memory for one step along each axis.
std::vector<int64_t> strides_of(std::span<const int64_t> shape);

// A tensor of `shape` whose element i is the element from(i) of x.
template <class From>
OnnxTensor pick(const OnnxCall& call, const OnnxTensor& x, std::vector<int64_t> shape, const From& from) {
  OnnxTensor y = make_onnx_tensor(call, x.type, std::move(shape));
  for (size_t i = 0; i < y.floats.size(); ++i)
    y.floats[i] = x.floats[static_cast<size_t>(from(static_cast<int64_t>(i)))];
  for (size_t i = 0; i < y.ints.size(); ++i) y.ints[i] = x.ints[static_cast<size_t>(from(static_cast<int64_t>(i)))];
  return y;
}

// Walks through a shape in memory order; at() is the offset that the steps give.
class Odometer {
 public:
  Odometer(std::span<const int64_t> shape, std::vector<int64_t> steps)
      : shape_(shape.begin(), shape.end()), steps_(std::move(steps)), place_(shape_.size(), 0) {}

  int64_t at() const { return at_; }
  void next() {
    for (size_t axis = shape_.size(); axis-- > 0;) {
      at_ += steps_[axis];
      if (++place_[axis] < shape_[axis]) return;
      at_ -= steps_[axis] * shape_[axis];
      place_[axis] = 0;
    }
  }

 private:
  std::vector<int64_t> shape_, steps_, place_;
  int64_t at_ = 0;
};

using OnnxKernel = std::vector<OnnxTensor> (*)(const OnnxCall&);
struct NamedKernel {
  std::string_view op;
  OnnxKernel run;
};

std::span<const NamedKernel> network_kernels();    // convolutions, batch norm, pools, Resize
std::span<const NamedKernel> element_kernels();    // element by element, and reductions
std::span<const NamedKernel> shape_kernels();      // what only moves elements
std::span<const NamedKernel> selection_kernels();  // TopK, NonMaxSuppression and the gathering around them
std::span<const NamedKernel> region_kernels();     // RoiAlign

}  // namespace spinenet::formats
