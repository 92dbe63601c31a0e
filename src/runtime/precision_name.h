// The number formats by the names that users give them, and "auto" for the choice of the program.
//
// Thread contract: pure functions.
#pragma once

#include <optional>

#include "base/enum_names.h"
#include "engine/compile/compile.h"

namespace spinenet::runtime {

// The formats of engine::Precision, in its order, and then the fastest of those that are near enough.
enum class PrecisionName { fp32, bf16, int8, automatic };
constexpr auto names(PrecisionName) {
  using enum PrecisionName;
  return named<PrecisionName>({{fp32, "fp32"}, {bf16, "bf16"}, {int8, "int8"}, {automatic, "auto"}});
}

// Nothing for automatic, as RunOptions::precision has it.
constexpr std::optional<engine::Precision> format_of(PrecisionName name) {
  if (name == PrecisionName::automatic) return std::nullopt;
  return static_cast<engine::Precision>(name);
}

static_assert(values_of<PrecisionName>().size() == values_of<engine::Precision>().size() + 1);
static_assert(format_of(PrecisionName::fp32) == engine::Precision::fp32);
static_assert(format_of(PrecisionName::bf16) == engine::Precision::bf16);
static_assert(format_of(PrecisionName::int8) == engine::Precision::int8);

}  // namespace spinenet::runtime
