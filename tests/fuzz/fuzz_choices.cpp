// Any bytes as a file of measured choices, and as one choice: refused as bad data, or accepted, written and read back
// the same.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "engine/compile/choice_cache.h"
#include "engine/compile/conv_choice.h"

namespace spinenet {
namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check_choice(std::string_view text) {
  const auto choice = engine::parse_choice(text);
  if (!choice) return;
  require(choice->rows >= 1 && engine::parse_choice(engine::to_text(*choice)) == choice);
}

void check_file(std::string_view text) {
  try {
    const engine::Choices choices = engine::parse_choices(text, "fuzz");
    for (const auto& [key, choice] : choices) {
      require(engine::parse_choice(choice).has_value());
      check_choice(choice);
    }
    require(engine::parse_choices(engine::to_text(choices), "again") == choices);
  } catch (const Error& error) {
    require(error.kind() == ErrorKind::bad_data);
  }
}

}  // namespace
}  // namespace spinenet

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  spinenet::check_choice(text);
  spinenet::check_file(text);
  return 0;
}
