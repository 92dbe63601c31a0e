#include "formats/import/source_tensors.h"

#include "base/error.h"
#include "base/format.h"
#include "base/printable.h"

namespace spinenet::formats {

HostTensor read_tensor(const SourceTensors& source, const std::string& name) {
  const auto found = source.tensors.find(name);
  if (found == source.tensors.end()) {
    fail(ErrorKind::bad_data, fmt::format("there is no tensor \"{}\"", printable(name)), source.place,
         "give the checkpoint of the architecture that --as names");
  }
  return {found->second.shape, found->second.read()};
}

}  // namespace spinenet::formats
