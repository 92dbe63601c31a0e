#include "train/checkpoint_text.h"

#include <charconv>

#include "base/error.h"
#include "base/format.h"
#include "base/json.h"
#include "base/yaml.h"

namespace spinenet::train {
namespace {

constexpr std::string_view kFormat = "spinenet-checkpoint-2";
constexpr int64_t kMostSteps = int64_t{1} << 50;  // a step each microsecond for 35 years
constexpr std::string_view kRemedy = "remove it: the run then goes on from the checkpoint before";

Json to_json(const Progression& p) {
  return Json{{"step", p.step},
              {"total_steps", p.total_steps},
              {"best_score", p.best_score},
              {"best_step", p.best_step},
              {"evaluations_without_gain", p.evaluations_without_gain},
              {"metrics_bytes", p.metrics_bytes},
              {"skipped_steps", p.skipped_steps}};
}

class ProgressReader {
 public:
  ProgressReader(const Json& json, std::string_view place) : json_(json), place_(place) {
    if (!json.is_object()) fail(ErrorKind::bad_data, "its progress is not whole: it is no object", place, kRemedy);
  }

  int64_t whole(const char* key, int64_t least, int64_t most) const {
    const Json& value = member(key);
    const bool fits =
        value.is_number_integer() && (!value.is_number_unsigned() || value.get<uint64_t>() <= uint64_t{INT64_MAX});
    if (!fits || value.get<int64_t>() < least || value.get<int64_t>() > most) refuse(key, value);
    return value.get<int64_t>();
  }
  double number(const char* key) const {
    const Json& value = member(key);
    if (!value.is_number()) refuse(key, value);
    return value.get<double>();
  }

 private:
  const Json& member(const char* key) const {
    const auto found = json_.find(key);
    if (found == json_.end()) {
      fail(ErrorKind::bad_data, fmt::format("its progress is not whole: it has no {}", key), place_, kRemedy);
    }
    return *found;
  }
  [[noreturn]] void refuse(const char* key, const Json& value) const {
    fail(ErrorKind::bad_data, fmt::format("its progress is damaged: {} is {}", key, short_quote(value.dump())), place_,
         kRemedy);
  }

  const Json& json_;
  std::string_view place_;
};

Progression progression_of(const std::string& text, std::string_view place) {
  const Json json = parse_json(text, place);
  const ProgressReader reader(json, place);
  Progression p;
  p.total_steps = reader.whole("total_steps", 0, kMostSteps);
  p.step = reader.whole("step", 0, p.total_steps);
  p.best_score = reader.number("best_score");
  p.best_step = reader.whole("best_step", -1, p.step);
  p.evaluations_without_gain = reader.whole("evaluations_without_gain", 0, kMostSteps);
  p.metrics_bytes = reader.whole("metrics_bytes", 0, INT64_MAX);
  p.skipped_steps = reader.whole("skipped_steps", 0, p.step);
  return p;
}

int64_t updates_of(const std::string& text, int64_t step, std::string_view place) {
  int64_t updates = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), updates);
  if (error != std::errc() || end != text.data() + text.size() || updates < 0 || updates > step) {
    fail(ErrorKind::bad_data, "its number of updates is none", place, kRemedy);
  }
  return updates;
}

}  // namespace

std::map<std::string, std::string> to_metadata(const CheckpointText& text) {
  return {{"format", std::string(kFormat)},
          {"recipe", text.recipe},
          {"progress", to_json(text.progression).dump()},
          {"updates", std::to_string(text.updates)}};
}

CheckpointText checkpoint_text(const std::map<std::string, std::string>& metadata, std::string_view place) {
  const auto value = [&](const char* key) {
    const auto found = metadata.find(key);
    return found == metadata.end() ? std::string() : found->second;
  };
  if (const std::string format = value("format"); format != kFormat) {
    fail(ErrorKind::bad_data,
         fmt::format("has the format {}, this program reads {}", short_quote(format), short_quote(kFormat)), place,
         "use the version of the program that wrote it");
  }
  CheckpointText text{value("recipe"), progression_of(value("progress"), place), 0};
  text.updates = updates_of(value("updates"), text.progression.step, place);
  return text;
}

}  // namespace spinenet::train
