// Any bytes give a graph of nodes whose references are valid, or an Error that names the place; nothing else.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "formats/import/pickle.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    const spinenet::formats::Pickle pickle = spinenet::formats::read_pickle(bytes, "input");
    const size_t count = pickle.nodes.size();
    if (pickle.root >= count || pickle.bytes > size) std::abort();
    for (const spinenet::formats::PickleNode& node : pickle.nodes) {
      for (const spinenet::formats::PickleRef ref : node.items) {
        if (ref >= count) std::abort();
      }
      for (const auto& [key, value] : node.pairs) {
        if (key >= count || value >= count) std::abort();
      }
      if (node.callee >= count || node.arguments >= count || node.state >= count) std::abort();
    }
  } catch (const spinenet::Error& error) {
    if (!std::string_view(error.what()).starts_with("input")) std::abort();
  }
  return 0;
}
