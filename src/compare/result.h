// What a comparison of architectures found: the numbers of every run, their mean and spread over the seeds.
//
// Of a run one measurement counts: the best, as of a model file, or the one that MeasuredAt names. A number below 0 is
// undefined (no object of that size) and takes no part in a mean. Nothing here depends on time or place, so equal
// comparisons have equal JSON.
// Thread contract: plain data and pure functions.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "arch/task.h"
#include "base/json.h"
#include "compare/measured_at.h"

namespace spinenet::compare {

struct MeasuredNumbers {
  int64_t step = 0;
  std::vector<std::pair<std::string, double>> numbers;

  bool operator==(const MeasuredNumbers&) const = default;
};
// Nothing where it was not measured or is undefined.
std::optional<double> number_of(const MeasuredNumbers& measured, std::string_view name);

struct ComparedRun {
  uint64_t seed = 0;
  int64_t best_step = 0;               // of the best measurement, whose weights best.safetensors has
  MeasuredNumbers counted;             // what tables show
  std::vector<MeasuredNumbers> curve;  // every measurement in turn
};

struct FailedRun {
  uint64_t seed = 0;
  std::string reason;
};

struct Contestant {
  std::string name, architecture;
  int64_t parameters = 0, multiply_adds = 0;
  std::vector<ComparedRun> runs;  // those that ended
  std::vector<FailedRun> failed;
};

struct Comparison {
  arch::Task task = arch::Task::detect;
  int image_size = 0;
  std::vector<uint64_t> seeds;
  std::vector<Contestant> contestants;
  size_t baseline = 0;  // the contestant that the others are compared with
  MeasuredAt at;
};

// The number that decides; those for which a claim is made, the first of which it is; and all that a table shows, which
// begin with them. AP_agnostic is AP with the classes merged: how well objects are found.
std::string_view main_number(arch::Task task);
std::vector<std::string> claimed_numbers(arch::Task task);
std::vector<std::string> shown_numbers(arch::Task task);

// What is read of a run folder's metrics.jsonl.
struct RunQuestion {
  uint64_t seed = 0;
  std::string_view main;
  MeasuredAt at;
};
// ErrorKind::bad_data when it measured nothing, ErrorKind::usage when it did not measure at the step that is asked for.
ComparedRun read_run(const std::filesystem::path& folder, const RunQuestion& question);

struct MeanAndSpread {
  double mean = -1;                 // -1 where no run has the number
  std::optional<double> deviation;  // of a sample; of two runs and more
};
MeanAndSpread mean_and_spread(std::span<const double> values);
MeanAndSpread over_seeds(const Contestant& contestant, std::string_view number);

// The run in the middle (of an even number the lower one of the two); none where none has ended.
const ComparedRun* median_run(const Contestant& contestant, std::string_view number);

// Runs whose last measurements are of different steps, if it is the last that counts.
std::optional<std::string> unlike_steps(const Comparison& comparison);
// What a reader must know: networks of unlike cost, unlike steps, runs that are missing.
std::vector<std::string> cautions(const Comparison& comparison);

// "0.182 ± 0.012", "0.182", a dash.
std::string text_of(const MeanAndSpread& value);
Json to_json(const Comparison& comparison);

}  // namespace spinenet::compare
