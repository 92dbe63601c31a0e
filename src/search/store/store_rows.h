// Rows of a study's tables as plain values: trials and outcomes; choices and metrics as text that people can read.
//
// Invariant: what is written is read back equal to the last bit. Text that came from outside (reasons, names) is first
// made one line of UTF-8, because not every database takes other bytes.
// Thread contract: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "search/store/store_database.h"

namespace spinenet::search {

// The columns that read_trial wants, in its order; behind them `weights`, which tables before version 3 do not have.
inline constexpr std::string_view kTrialColumns =
    "number, state, choices, hash, score, metrics, failure, reason, attempts, duplicate_of, worker, started, finished";

// ErrorKind::bad_data, naming place and trial, when the row is not what a study writes.
Trial read_trial(const SqlRow& row, std::string_view place);

// Of a row; ErrorKind::bad_data when the value is of another type, or longer than any text of a study.
int64_t integer(const SqlRow& row, size_t column, std::string_view place);
// At least 0 and at most a billion.
int small_integer(const SqlRow& row, size_t column, std::string_view place);
double real(const SqlRow& row, size_t column, std::string_view place);
const std::string& text(const SqlRow& row, size_t column, std::string_view place);

// Whether a time can be one in seconds since 1970; 0: not yet.
bool is_time(double seconds);

// An outcome as it is kept.
struct OutcomeRow {
  std::string state;
  double score = 0;
  std::string metrics, failure, reason;
  std::string weights = {};

  bool operator==(const OutcomeRow&) const = default;
};
// Errors as Store::report names them.
OutcomeRow outcome_row(const Outcome& outcome, std::string_view place);
// A trial that a constraint rejected.
OutcomeRow rejected_row(std::string_view reason);

// "[1,2,3]" and back.
std::string choices_text(const arch::Choices& choices);
arch::Choices read_choices(std::string_view text, std::string_view place);

std::string one_line(std::string_view text);

}  // namespace spinenet::search
