// PyTorch's checkpoints (.pth, .pt, .bin): names and tensors, with nothing of them executed.
//
// Both layouts are read: the ZIP file (since PyTorch 1.6) and the row of pickles before it. The mapping of names to
// tensors is the object itself, or lies under one of the keys `state_dict_ema`, `model_ema`, `ema_state_dict`, `ema`,
// `state_dict`, `model`, `model_state_dict`, `net` (in this order: averaged weights go first, as timm takes them); a
// whole module that was saved is walked by its `_parameters`, `_buffers` and `_modules`. What training programs put
// before all names goes (drop_prefixes).
//
// A tensor is known by torch._utils._rebuild_tensor_v2 and its like over storages of known types. Any other name of a
// class or function stays a name: what depends on one has SourceTensor::unreadable. Sizes, offsets and strides are
// checked against the storage, storages against the file.
//
// Thread contract: pure function; the tensors' `read` as SourceTensors says.
// Source: PyTorch's documentation, "Serialization semantics"; the layouts as torch.save 1.5 and 2.x write them.
#pragma once

#include <memory>

#include "formats/import/file_bytes.h"
#include "formats/import/source_tensors.h"

namespace spinenet::formats {

// Whether it begins as a file of either layout does.
bool is_pytorch(const FileBytes& file);

// ErrorKind::bad_data for a broken file, ErrorKind::unsupported for big-endian ones, the oldest layout (a tar file) and
// the oldest protocols of pickle.
SourceTensors read_pytorch(const std::shared_ptr<const FileBytes>& file);

}  // namespace spinenet::formats
