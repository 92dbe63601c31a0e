// TensorFlow's checkpoint, a tensor bundle: PREFIX.index, which says of each tensor what it is and where, and the data
// in PREFIX.data-00000-of-0000N. Both ways of writing one are read: tf.compat.v1.train.Saver's, whose names are those
// of the variables, and tf.train.Checkpoint's, whose names are paths through the saved objects and which has the
// variables' own names in an object graph.
//
// Names in the result are without the ending /.ATTRIBUTES/VARIABLE_VALUE. Variables of the optimizer, counts of steps
// and whatever is no array of numbers are in `others`; so are moving averages, which are in `averages`, too. Every
// checksum is checked: those of the index at once, that of a tensor when it is read. Tensors are read one at a time, so
// that memory holds no more than the index and one tensor.
//
// Thread contract: pure functions, as far as files are.
// Source: TensorFlow, core/util/tensor_bundle, core/protobuf/tensor_bundle.proto, trackable_object_graph.proto.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "formats/import/source_tensors.h"

namespace spinenet::formats {

// Whether the path names a checkpoint: its prefix, its index or one of its data files.
bool is_tensor_bundle(const std::filesystem::path& path);

// The files of the checkpoint that this path names, its index and the data beside it; none where it names none.
std::vector<std::filesystem::path> tensor_bundle_files(const std::filesystem::path& path);

// ErrorKind::bad_data or ErrorKind::unsupported, naming the file and the tensor.
SourceTensors read_tensor_bundle(const std::filesystem::path& path);

// The data of a checkpoint, wherever it is.
struct BundleData {
  std::vector<uint64_t> shard_sizes;
  // So many bytes of a shard, within its size.
  std::function<std::string(size_t shard, uint64_t offset, uint64_t size)> read;
};
// `open` gives the data of so many shards.
using OpenBundleData = std::function<BundleData(size_t shards)>;

// The same from bytes. `place` is named in errors.
SourceTensors parse_tensor_bundle(std::string_view index, const OpenBundleData& open, std::string_view place);

// What an object graph says of the variables.
struct ObjectGraph {
  std::map<std::string, std::string> full_names;  // by the variable's key in the index
  std::map<std::string, std::string> slots;       // the optimizer's variables, with their kind, by their key
};
ObjectGraph parse_object_graph(std::string_view bytes, std::string_view place);

}  // namespace spinenet::formats
