// The two layouts of PyTorch's checkpoints: where the object's pickle and the storages of its tensors lie in the file.
//
// Invariant: a storage's bytes lie inside the file.
// Thread contract: pure functions.
// Source: as formats/import/pytorch.h.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "formats/elements.h"
#include "formats/import/file_bytes.h"
#include "formats/import/pickle.h"
#include "formats/import/zip_file.h"

namespace spinenet::formats {

inline constexpr uint64_t kMaxPickleBytes = 64U << 20;

struct PytorchFile {
  std::string layout;  // "ZIP" or "before 1.6"
  Pickle object;
  std::map<std::string, ZipEntry> storages;  // by key
};

// What a persistent id says of a storage: ("storage", class, key, location, count), in the older layout with a view.
struct StorageId {
  std::string key;
  std::string type_name;            // "torch.FloatStorage"
  std::optional<ElementType> type;  // of those that become floats
  uint64_t width = 0;               // bytes of an element; 0: not known
  uint64_t count = 0;               // elements
  uint64_t first = 0;               // of a view, in the storage of the key
  uint64_t whole = 0;               // elements of that storage
};

// The class of a module that was saved whole, whose id is ("module", class, file of its source, source) in the older
// layout; "" for other ids.
std::string saved_class(const Pickle& pickle, const PickleNode& persistent);

// ErrorKind::bad_data where it is none.
StorageId storage_id(const Pickle& pickle, const PickleNode& persistent, std::string_view place);

PytorchFile open_pytorch(const FileBytes& file);

}  // namespace spinenet::formats
