#include "engine/quantize/quantization.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/error.h"
#include "base/format.h"

namespace spinenet::engine {
namespace {

constexpr std::string_view kRemedy = "run spinenet calibrate again";
constexpr float kMostByte = 255;

uint64_t mixed(uint64_t hash, uint64_t word) {
  constexpr uint64_t kFactor = 0x9E3779B97F4A7C15U;
  constexpr int kFold = 29;
  hash = (hash ^ word) * kFactor;
  return hash ^ (hash >> kFold);
}

ValueRange range_from_json(const std::string& name, const Json& json, std::string_view place) {
  const bool pair = json.is_array() && json.size() == 2 && json[0].is_number() && json[1].is_number();
  if (pair) {
    const ValueRange range{json[0].get<float>(), json[1].get<float>()};
    // The width, too: two finite ends may be further apart than floats reach.
    if (std::isfinite(range.high - range.low) && range.low <= 0 && range.high >= 0) return range;
  }
  fail(ErrorKind::bad_data, fmt::format("the range of {} is no pair of numbers around zero", name), place, kRemedy);
}

}  // namespace

Quantization quantization_of(const ValueRange& range) {
  const float low = std::min(range.low, 0.0F), high = std::max(range.high, 0.0F);
  if (high - low < 1e-30F) return {1, 0};
  const float scale = (high - low) / kMostByte;
  return {scale, static_cast<int>(std::clamp(std::round(-low / scale), 0.0F, kMostByte))};
}

std::string identity_of(const WeightViews& weights) {
  uint64_t hash = 1;
  for (const auto& [name, tensor] : weights) {
    for (const char c : name) hash = mixed(hash, static_cast<unsigned char>(c));
    for (const float x : tensor.data) {
      uint32_t bits = 0;
      std::memcpy(&bits, &x, sizeof bits);
      hash = mixed(hash, bits);
    }
  }
  return fmt::format("{:016x}", hash);
}

// The key of "images" in model files of versions up to 0.2.
constexpr const char* kFormerCount = "pictures";

Json to_json(const Calibration& calibration) {
  Json ranges = Json::object();
  for (const auto& [name, range] : calibration.ranges) ranges[name] = {range.low, range.high};
  return {{"weights", calibration.weights},
          {"images", calibration.images},
          {"error", calibration.error},
          {"kept", calibration.kept},
          {"ranges", ranges}};
}

Calibration calibration_from_json(const Json& json, std::string_view place) {
  const auto need = [&](bool holds, std::string_view what) {
    if (!holds) fail(ErrorKind::bad_data, what, place, kRemedy);
  };
  need(json.is_object(), "a calibration is a JSON object");
  need(json.contains("weights") && json["weights"].is_string(), "\"weights\" is missing");
  const char* count = json.contains("images") ? "images" : kFormerCount;
  need(json.contains(count) && json[count].is_number_integer(), "\"images\" is missing");
  need(json.contains("error") && json["error"].is_number(), "\"error\" is missing");
  need(json.contains("kept") && json["kept"].is_array(), "\"kept\" is missing");
  need(json.contains("ranges") && json["ranges"].is_object(), "\"ranges\" is missing");
  Calibration found;
  found.weights = json["weights"].get<std::string>();
  found.images = json[count].get<int>();
  found.error = json["error"].get<double>();
  for (const Json& name : json["kept"]) {
    need(name.is_string(), "\"kept\" is no list of names");
    found.kept.push_back(name.get<std::string>());
  }
  for (const auto& [name, range] : json["ranges"].items()) found.ranges[name] = range_from_json(name, range, place);
  return found;
}

}  // namespace spinenet::engine
