#include "runtime/precision_facts.h"

#include <cmath>
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "base/format.h"
#include "base/json.h"
#include "base/printable.h"

namespace spinenet::runtime {
namespace {

constexpr const char* kEntry = "precision";
constexpr uint64_t kMostImages = uint64_t{1} << 31;

using Numbers = std::map<engine::Precision, double>;

Json to_json(const Numbers& numbers) {
  Json json = Json::object();
  for (const auto& [precision, number] : numbers) json[std::string(name_of(precision))] = number;
  return json;
}

[[noreturn]] void refuse(std::string_view what, const std::string& where) {
  fail(ErrorKind::bad_data, what, where, "calibrate the model again");
}

Numbers numbers_from(const Json& json, const std::string& key, const std::string& where) {
  if (!json.contains(key)) return {};
  if (!json[key].is_object()) refuse(fmt::format("\"{}\" is no object", key), where);
  Numbers numbers;
  for (const auto& [name, number] : json[key].items()) {
    const std::optional<engine::Precision> precision = value_named<engine::Precision>(name);
    const double value = number.is_number() ? number.get<double>() : -1;
    if (!precision || !std::isfinite(value) || value < 0) {
      refuse(fmt::format("\"{}\" of \"{}\" is no number of a number format, or below 0", printable(name), key), where);
    }
    numbers[*precision] = number.get<double>();
  }
  return numbers;
}

}  // namespace

bool is_near_enough(const PrecisionFacts& facts, engine::Precision precision) {
  if (precision == engine::Precision::fp32) return true;
  const auto exact = facts.ap.find(engine::Precision::fp32), other = facts.ap.find(precision);
  if (exact != facts.ap.end() && other != facts.ap.end() && exact->second >= kLeastAp) {
    return exact->second - other->second <= kMostLostAp;
  }
  const auto error = facts.output_error.find(precision);
  return error != facts.output_error.end() && error->second <= kMostOutputError;
}

engine::Precision fastest_near(const PrecisionFacts& facts, const std::map<engine::Precision, double>& seconds) {
  engine::Precision best = engine::Precision::fp32;
  for (const auto& [precision, time] : seconds) {
    if (is_near_enough(facts, precision) && time < seconds.at(best)) best = precision;
  }
  return best;
}

std::optional<PrecisionFacts> precision_facts_of(const formats::ModelFile& model, const std::string& place) {
  const auto found = model.extra.find(kEntry);
  if (found == model.extra.end()) return std::nullopt;
  const std::string where = fmt::format("{}: metadata entry \"{}\"", place, kEntry);
  const Json json = parse_json(found->second, where);
  const bool is_sound = json.is_object() && json.contains("weights") && json["weights"].is_string() &&
                        json.contains("images") && json["images"].is_number_unsigned() &&
                        json["images"].get<uint64_t>() < kMostImages;
  if (!is_sound) refuse("is no record of number formats", where);
  return PrecisionFacts{json["weights"].get<std::string>(), json["images"].get<int>(),
                        numbers_from(json, "output_error", where), numbers_from(json, "ap", where)};
}

Json to_json(const PrecisionFacts& facts) {
  Json json{{"weights", facts.weights}, {"images", facts.images}, {"output_error", to_json(facts.output_error)}};
  if (!facts.ap.empty()) json["ap"] = to_json(facts.ap);
  return json;
}

void set_precision_facts(formats::ModelFile& model, const PrecisionFacts& facts) {
  model.extra[kEntry] = to_json(facts).dump();
}

}  // namespace spinenet::runtime
