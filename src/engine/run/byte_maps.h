// Maps of bytes in a session's memory, which lie where as many floats would.
//
// Thread contract: pure functions.
#pragma once

#include "engine/run/run_step.h"

namespace spinenet::engine {

// `number` counts from the map's first, over all images.
inline uint8_t* bytes_at(const Map& map, const StepMemory& memory, int64_t number) {
  return reinterpret_cast<uint8_t*>(memory.maps + map.offset) + number;
}

// Of either kind.
inline kernels::NumberSource source_at(const Map& map, const StepMemory& memory, int64_t number) {
  if (!is_bytes(map.quantization)) return {.floats = memory.maps + map.offset + number};
  return {.bytes = bytes_at(map, memory, number),
          .scale = map.quantization.scale,
          .zero = static_cast<float>(map.quantization.zero)};
}

inline kernels::NumberTarget target_at(const Map& map, const StepMemory& memory, int64_t number) {
  if (!is_bytes(map.quantization)) return {.floats = memory.maps + map.offset + number};
  return {.bytes = bytes_at(map, memory, number),
          .inverse_scale = 1 / map.quantization.scale,
          .zero = static_cast<float>(map.quantization.zero)};
}

}  // namespace spinenet::engine
