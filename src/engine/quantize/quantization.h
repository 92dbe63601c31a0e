// The numbers of a map: floats, bf16 values, or bytes, and what a network must know of its own maps to compute with
// bytes: a byte q stands for scale * (q - zero). Zero is a byte itself, so padding is exact.
//
// Invariant of a Calibration: ranges hold zero and are finite; their names are those of nodes of the network that the
// engine makes with all its passes, and kInputName for the network's input. Thread contract: plain values and pure
// functions. Source: Jacob et al. 2018.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/tensor_view.h"

namespace spinenet::engine {

struct Quantization {
  float scale = 0;       // of bytes; 0: no bytes
  int zero = 0;          // 0 to 255
  bool is_bf16 = false;  // neither bytes nor floats
};

inline bool is_bytes(const Quantization& quantization) {
  return quantization.scale > 0;
}
inline int64_t number_bytes(const Quantization& quantization) {
  if (is_bytes(quantization)) return sizeof(uint8_t);
  return quantization.is_bf16 ? sizeof(uint16_t) : sizeof(float);
}
inline bool is_float(const Quantization& quantization) {
  return number_bytes(quantization) == sizeof(float);
}

struct ValueRange {
  float low = 0, high = 0;
};

// The bytes that cover the range, zero included.
Quantization quantization_of(const ValueRange& range);

// The image, in a calibration's ranges, where it may be missing. Model files have this name, so it stays what it was
// when the first of them were written.
constexpr std::string_view kInputName = "picture";

struct Calibration {
  std::string weights;                       // identity_of those that it was made with
  int images = 0;                            // that it was made of
  std::map<std::string, ValueRange> ranges;  // of the output of each node and of the image
  std::vector<std::string> kept;             // convolutions that stay in fp32
  double error = 0;                          // output_error() of some of the images (calibrate.h)
};

// Tells weights apart: 16 hexadecimal digits of their names and numbers.
std::string identity_of(const WeightViews& weights);
inline std::string identity_of(const Weights& weights) {
  return identity_of(views_of(weights));
}

Json to_json(const Calibration& calibration);
// ErrorKind::bad_data, with `place`, for what to_json did not write.
Calibration calibration_from_json(const Json& json, std::string_view place);

}  // namespace spinenet::engine
