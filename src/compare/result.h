// What a comparison of architectures found: the numbers of every run, their mean and spread over the seeds.
//
// Of a run the best measurement counts, as of a model file. A number below 0 is undefined (no object of that size) and
// takes no part in a mean. Nothing here depends on time or place, so equal comparisons have equal JSON.
// Thread contract: plain data and pure functions.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "arch/task.h"
#include "base/json.h"

namespace spinenet::compare {

struct ComparedRun {
  uint64_t seed = 0;
  int64_t best_step = 0;
  std::vector<std::pair<std::string, double>> numbers;  // of the best measurement
  std::vector<std::pair<int64_t, double>> curve;        // step and main number of every measurement
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
};

// The number that decides, and what else a table shows.
std::string_view main_number(arch::Task task);
std::vector<std::string> shown_numbers(arch::Task task);

// Of metrics.jsonl in a run folder. ErrorKind::bad_data when it measured nothing.
ComparedRun read_run(const std::filesystem::path& folder, uint64_t seed, std::string_view main);

struct MeanAndSpread {
  double mean = -1;                 // -1 where no run has the number
  std::optional<double> deviation;  // of a sample; of two runs and more
};
MeanAndSpread over_seeds(const Contestant& contestant, std::string_view number);

// The run in the middle (of an even number the lower one of the two); none where none has ended.
const ComparedRun* median_run(const Contestant& contestant, std::string_view number);

// What a reader must know: networks of unlike cost, runs that are missing.
std::vector<std::string> cautions(const Comparison& comparison);

// "0.182 ± 0.012", "0.182", a dash.
std::string text_of(const MeanAndSpread& value);
// The first row has the names of the columns.
std::vector<std::vector<std::string>> table_rows(const Comparison& comparison);
Json to_json(const Comparison& comparison);

}  // namespace spinenet::compare
