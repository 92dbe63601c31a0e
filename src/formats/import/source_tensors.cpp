#include "formats/import/source_tensors.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/error.h"
#include "base/format.h"
#include "base/printable.h"

namespace spinenet::formats {
namespace {

constexpr std::array<std::string_view, 3> kWholePrefixes{"module.", "model.", "_orig_mod."};
constexpr int kMaxPrefixes = 8;                            // before one name
constexpr std::string_view kAveragesCount = "n_averaged";  // of torch.optim.swa_utils

// The one that is before all names, or "".
std::string_view whole_prefix(const SourceTensors& source) {
  for (const std::string_view prefix : kWholePrefixes) {
    size_t with = 0, without = 0;
    for (const auto& [name, tensor] : source.tensors) {
      if (name == kAveragesCount) continue;
      ++(name.starts_with(prefix) ? with : without);
    }
    if (with > 0 && without == 0) return prefix;
  }
  return "";
}

}  // namespace

void drop_prefixes(SourceTensors& source) {
  for (int dropped = 0; dropped < kMaxPrefixes; ++dropped) {
    const std::string_view prefix = whole_prefix(source);
    if (prefix.empty()) return;
    std::map<std::string, SourceTensor> renamed;
    for (auto& [name, tensor] : source.tensors) {
      renamed.emplace(name == kAveragesCount ? name : name.substr(prefix.size()), std::move(tensor));
    }
    source.tensors = std::move(renamed);
    source.prefix += prefix;
  }
}

HostTensor read_tensor(const SourceTensors& source, const std::string& name) {
  const auto found = source.tensors.find(name);
  if (found == source.tensors.end()) {
    fail(ErrorKind::bad_data, fmt::format("there is no tensor \"{}\"", printable(name)), source.place,
         "give the checkpoint of the architecture that --as names");
  }
  return {found->second.shape, found->second.read()};
}

}  // namespace spinenet::formats
