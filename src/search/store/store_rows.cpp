#include "search/store/store_rows.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "base/error.h"
#include "base/format.h"
#include "base/json.h"
#include "base/yaml.h"
#include "search/trials/weights_folder.h"

namespace spinenet::search {
namespace {

// More than any study has; what is larger is no study but an attack on who reads it.
constexpr size_t kLongestText = 64 << 20;
constexpr size_t kLongestField = 1 << 18;  // of a trial
constexpr size_t kMostMetrics = 1000;
constexpr int64_t kMostSmall = 1'000'000'000;
constexpr size_t kReasonKept = 4096;

[[noreturn]] void damaged(std::string_view what, std::string_view place) {
  fail(ErrorKind::bad_data, fmt::format("the study is damaged: {}", what), place, "restore a copy of it");
}

template <NamedEnum E>
E read_enum(std::string_view name, std::string_view place) {
  if (const std::optional<E> value = value_named<E>(name)) return *value;
  damaged(fmt::format("{} is no state of a trial", short_quote(name)), place);
}

// JSON has no word for them.
Json metric_json(double value) {
  if (std::isfinite(value)) return value;
  return std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
}

double read_metric(const Json& json, std::string_view place) {
  if (json.is_number()) return json.get<double>();
  if (json == "nan") return std::numeric_limits<double>::quiet_NaN();
  if (json == "inf") return std::numeric_limits<double>::infinity();
  if (json == "-inf") return -std::numeric_limits<double>::infinity();
  damaged("a metric is no number", place);
}

std::string metrics_text(const std::map<std::string, double>& metrics) {
  Json json = Json::object();
  for (const auto& [name, value] : metrics) json[one_line(name)] = metric_json(value);
  return json.dump();
}

// Text as metrics_text writes it nearly always, names without escapes and finite numbers: many times faster than
// parsing JSON. Nothing for any other text.
std::optional<std::map<std::string, double>> read_plain_metrics(std::string_view text) {
  std::map<std::string, double> metrics;
  if (!text.starts_with('{') || !text.ends_with('}')) return std::nullopt;
  text = text.substr(1, text.size() - 2);
  while (!text.empty()) {
    const size_t end = text.starts_with('"') ? text.find_first_of("\"\\", 1) : std::string_view::npos;
    if (end == std::string_view::npos || !text.substr(end).starts_with("\":")) return std::nullopt;
    double value = 0;
    const auto [rest, error] = std::from_chars(text.data() + end + 2, text.data() + text.size(), value);
    if (error != std::errc() || !std::isfinite(value)) return std::nullopt;
    metrics.emplace_hint(metrics.end(), text.substr(1, end - 1), value);
    if (metrics.size() > kMostMetrics) return std::nullopt;
    text.remove_prefix(static_cast<size_t>(rest - text.data()));
    if (text.empty()) break;
    if (!text.starts_with(",\"")) return std::nullopt;
    text.remove_prefix(1);
  }
  return metrics;
}

std::map<std::string, double> read_metrics(std::string_view text, std::string_view place) {
  if (auto metrics = read_plain_metrics(text)) return *std::move(metrics);
  std::map<std::string, double> metrics;
  const Json json = parse_json(text, place);
  if (!json.is_object()) damaged("metrics are no object", place);
  if (json.size() > kMostMetrics) damaged(fmt::format("{} metrics of one trial", json.size()), place);
  for (const auto& [name, value] : json.items()) metrics.emplace(name, read_metric(value, place));
  return metrics;
}

template <class T>
const T& get(const SqlRow& row, size_t column, std::string_view place) {
  const T* value = column < row.size() ? std::get_if<T>(&row[column]) : nullptr;
  if (value == nullptr) damaged(fmt::format("column {} holds another type", column), place);
  return *value;
}

}  // namespace

int64_t integer(const SqlRow& row, size_t column, std::string_view place) {
  return get<int64_t>(row, column, place);
}
double real(const SqlRow& row, size_t column, std::string_view place) {
  return get<double>(row, column, place);
}
bool is_time(double seconds) {
  constexpr double kMost = 1e12;  // some 30,000 years
  return seconds >= 0 && seconds <= kMost;
}
int small_integer(const SqlRow& row, size_t column, std::string_view place) {
  const int64_t value = integer(row, column, place);
  if (value < 0 || value > kMostSmall) damaged(fmt::format("column {} holds {}", column, value), place);
  return static_cast<int>(value);
}
const std::string& text(const SqlRow& row, size_t column, std::string_view place) {
  const std::string& value = get<std::string>(row, column, place);
  if (value.size() > kLongestText) damaged(fmt::format("column {} holds {} bytes", column, value.size()), place);
  return value;
}

std::string choices_text(const arch::Choices& choices) {
  return fmt::format("[{}]", fmt::join(choices, ","));
}

arch::Choices read_choices(std::string_view text, std::string_view place) {
  if (!text.starts_with('[') || !text.ends_with(']') || text.size() < 2) damaged("choices are no list", place);
  arch::Choices choices;
  const char* at = text.data() + 1;
  const char* const end = text.data() + text.size() - 1;
  while (at < end) {
    int value = 0;
    const auto [next, error] = std::from_chars(at, end, value);
    if (error != std::errc() || (next < end && (*next != ',' || next + 1 == end))) {
      damaged("choices are no list of numbers", place);
    }
    choices.push_back(value);
    at = next < end ? next + 1 : end;
  }
  return choices;
}

std::string one_line(std::string_view text) {
  const bool sound = is_utf8(text);
  std::string line(text);
  for (char& c : line) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) c = ' ';
    if (byte >= 0x80 && !sound) c = '?';
  }
  return line;
}

// The beginning of a long one, cut between characters.
static std::string kept_reason(std::string_view reason) {
  std::string line = one_line(reason);
  if (line.size() <= kReasonKept) return line;
  size_t end = kReasonKept;
  while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xC0U) == 0x80U) --end;
  return line.substr(0, end) + " ...";
}

OutcomeRow outcome_row(const Outcome& outcome, std::string_view place) {
  OutcomeRow row;
  row.state = name_of(outcome.state);
  row.metrics = "{}";
  row.failure = name_of(TrialFailure::none);
  switch (outcome.state) {
    case TrialState::complete:
      if (!std::isfinite(outcome.measurement.score)) {
        fail(ErrorKind::bad_data, fmt::format("the score {} of a complete trial", outcome.measurement.score), place,
             "report the trial as failed (non_finite)");
      }
      row.score = outcome.measurement.score;
      row.metrics = metrics_text(outcome.measurement.metrics);
      row.weights = outcome.measurement.weights;
      if (!row.weights.empty() && !is_weights_name(row.weights)) {
        fail(ErrorKind::bad_data, fmt::format("{} names no weights", short_quote(one_line(row.weights))), place,
             "report the name that keep_weights gave");
      }
      return row;
    case TrialState::failed:
      row.failure = name_of(outcome.failure);
      row.reason = kept_reason(outcome.reason);
      return row;
    case TrialState::running:
    case TrialState::rejected:
      break;
  }
  fail(ErrorKind::usage, fmt::format("a worker cannot report a trial as {}", name_of(outcome.state)), place,
       "report it as complete or failed");
}

OutcomeRow rejected_row(std::string_view reason) {
  return {std::string(name_of(TrialState::rejected)), 0, "{}", std::string(name_of(TrialFailure::none)),
          kept_reason(reason)};
}

// What a trial's row cannot say, whoever wrote it.
static void validate(const Trial& trial, std::string_view where) {
  if (trial.number < 0) damaged("its number is negative", where);
  if (trial.duplicate_of < -1 || trial.duplicate_of >= trial.number) damaged("it is a duplicate of none", where);
  if (trial.state == TrialState::complete && !std::isfinite(trial.measurement.score))
    damaged("its score is none", where);
  if (!trial.measurement.weights.empty() && !is_weights_name(trial.measurement.weights)) {
    damaged(fmt::format("{} names no weights", short_quote(trial.measurement.weights)), where);
  }
  if (!is_time(trial.started) || !is_time(trial.finished)) damaged("its times are none", where);
}

Trial read_trial(const SqlRow& row, std::string_view place) {
  Trial trial;
  trial.number = integer(row, 0, place);
  const std::string where = fmt::format("{}: trial {}", place, trial.number);
  for (const size_t column : {size_t{1}, size_t{2}, size_t{5}, size_t{6}, size_t{7}, size_t{10}, size_t{13}}) {
    if (text(row, column, where).size() > kLongestField) damaged(fmt::format("column {} is too long", column), where);
  }
  trial.state = read_enum<TrialState>(text(row, 1, where), where);
  trial.choices = read_choices(text(row, 2, where), where);
  trial.hash = std::bit_cast<uint64_t>(integer(row, 3, where));
  trial.measurement.score = real(row, 4, where);
  trial.measurement.metrics = read_metrics(text(row, 5, where), where);
  trial.failure = read_enum<TrialFailure>(text(row, 6, where), where);
  trial.reason = text(row, 7, where);
  trial.attempts = small_integer(row, 8, where);
  trial.duplicate_of = integer(row, 9, where);
  trial.worker = text(row, 10, where);
  trial.started = real(row, 11, where);
  trial.finished = real(row, 12, where);
  trial.measurement.weights = text(row, 13, where);
  validate(trial, where);
  return trial;
}

}  // namespace spinenet::search
