// What every reader of foreign weights gives: the names, shapes and element types of a file's tensors at once, their
// values one tensor at a time, so that importing needs little more memory than the file and what is kept of it.
//
// Invariant: the shapes are checked against the file before a value of this kind exists; `read` gives exactly
// element_count(shape) floats, row-major in the order of `shape`, as the file has them (a TensorFlow kernel stays
// [height, width, in, out]: what turns it round is the naming, see naming.h). Elements become float by the rule of
// formats/elements.h: exact where float can say them, else rounded to nearest.
//
// Thread contract: as a container; `read` may be called by one thread at a time, as long as the value lives.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/host_tensor.h"

namespace spinenet::formats {

struct SourceTensor {
  std::vector<int64_t> shape;
  std::string type;  // "float32", "bfloat16", "int64": for messages
  // ErrorKind::bad_data or ErrorKind::unsupported with the file, the tensor's name and the remedy.
  std::function<std::vector<float>()> read;
  // Why its values cannot be had ("depends on numpy.dtype, which is not run"); then `read` says that as an error, and
  // the import fails only if something wants it.
  std::string unreadable;
  // What the program that wrote the file called the variable, where that is not the name in the file: TensorFlow's
  // object graphs have "conv2d_12/kernel" for backbone/layer_with_weights-14/kernel.
  std::string full_name;
};

struct SourceTensors {
  std::string place;   // the file, for messages
  std::string format;  // "PyTorch (ZIP)", "TensorFlow (tensor bundle)": for messages
  std::string opened;  // the entry of the file that the tensors are of ("model_ema"); "" where they are the whole
  std::string prefix;  // what stood before all their names and was dropped ("module.")
  std::map<std::string, SourceTensor> tensors;
  // Moving averages that stand beside the tensors, by the names of those.
  std::map<std::string, SourceTensor> averages;
  // Entries that are no tensors (a step count, the optimizer's state, a foreign object), with what they are.
  std::map<std::string, std::string> others;
};

// Drops what training programs put before the names of a whole network: "module." of parallel modules and averages,
// "model." of Lightning, "_orig_mod." of compiled ones; several of them one after the other. Only what is before all
// names goes, but a count of averages has none of them.
void drop_prefixes(SourceTensors& source);

// ErrorKind::bad_data where there is no tensor of that name.
HostTensor read_tensor(const SourceTensors& source, const std::string& name);

}  // namespace spinenet::formats
