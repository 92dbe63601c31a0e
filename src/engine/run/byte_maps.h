// Maps of bytes or bf16 values in a session's memory, which lie where floats of as many bytes would.
//
// Thread contract: pure functions.
#pragma once

#include "engine/run/run_step.h"

namespace spinenet::engine {

// `number` counts from the map's first, over all images.
inline uint8_t* bytes_at(const Map& map, const StepMemory& memory, int64_t number) {
  return reinterpret_cast<uint8_t*>(memory.maps + map.offset) + number;
}

inline uint16_t* bf16_at(const Map& map, const StepMemory& memory, int64_t number) {
  return reinterpret_cast<uint16_t*>(memory.maps + map.offset) + number;
}

// Of any kind.
inline kernels::NumberSource source_at(const Map& map, const StepMemory& memory, int64_t number) {
  if (map.quantization.is_bf16) return {.bf16 = bf16_at(map, memory, number)};
  if (!is_bytes(map.quantization)) return {.floats = memory.maps + map.offset + number};
  return {.bytes = bytes_at(map, memory, number),
          .scale = map.quantization.scale,
          .zero = static_cast<float>(map.quantization.zero)};
}

inline kernels::NumberTarget target_at(const Map& map, const StepMemory& memory, int64_t number) {
  if (map.quantization.is_bf16) return {.bf16 = bf16_at(map, memory, number)};
  if (!is_bytes(map.quantization)) return {.floats = memory.maps + map.offset + number};
  return {.bytes = bytes_at(map, memory, number),
          .inverse_scale = 1 / map.quantization.scale,
          .zero = static_cast<float>(map.quantization.zero)};
}

}  // namespace spinenet::engine
