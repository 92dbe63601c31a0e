// What a data set is for, which decides what its annotations must have: a box, a box and a mask, or a category alone.
#pragma once

#include "base/enum_names.h"

namespace spinenet::data {

enum class SetTask { detect, segment, classify };
constexpr auto names(SetTask) {
  using enum SetTask;
  return named<SetTask>({{detect, "detect"}, {segment, "segment"}, {classify, "classify"}});
}

}  // namespace spinenet::data
