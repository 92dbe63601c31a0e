// Any bytes as the file of a study; or, where they are no database, statements of SQL that are run on a whole study of
// evolution before it is opened. A study is shown in every form, or refused; looking at it changes no byte of it; a
// search goes on with it, or refuses it.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>

#include <sqlite3.h>

#include "arch/families.h"
#include "arch/text.h"
#include "base/error.h"
#include "search/plan.h"
#include "search/study/study.h"
#include "search/study/study_page.h"
#include "search/study/study_text.h"

namespace spinenet {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kTrials = 12;
constexpr int kMostSteps = 100'000;       // of what SQL may do
constexpr int kLongestValue = 1 << 20;    // that it may make
constexpr size_t kLargestFile = 1 << 20;  // that is looked at
constexpr search::StoreOptions kNoPatience{.patience_seconds = 0};

void require(bool holds) {
  if (!holds) std::abort();
}

// What the body gives, or nothing where it refuses the study. A file of which SQLite cannot read a page is
// ErrorKind::io.
template <class Body>
bool accepts(const Body& body) {
  try {
    body();
    return true;
  } catch (const Error& error) {
    require(error.kind() != ErrorKind::failed);
    return false;
  }
}

std::string content_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

search::SearchTask small_task() {
  search::SearchTask task;
  task.base = arch::named_architecture("spinenet-49");
  task.image_size = 128;
  task.recipe.space = arch::named_search_space("spinenet-49");
  task.recipe.proxy.recipe = "training.yaml";
  task.recipe.algorithm.kind = search::AlgorithmKind::evolution;
  task.recipe.trials = kTrials;
  task.recipe.lag = 2;
  return task;
}

// Claims a trial or two and reports them, as the workers of a search do.
void go_on(search::Store& store, const search::SearchTask& task, int trials) {
  search::Planner planner({task.recipe.space, task.recipe.algorithm, task.recipe.seed, {}, {}});
  for (int i = 0; i < trials; ++i) {
    const search::ClaimOptions options{.worker = "host:1", .trials = kTrials};
    const search::ClaimAnswer answer = store.claim(options, planner.suggestion());
    if (answer.state != search::ClaimState::claimed) return;
    require(store.heartbeat(*answer.claim, 60));
    search::Outcome outcome;
    outcome.measurement = {0.25 + 0.125 * i, {{"AP", 0.5}, {"multiply_adds", 1e9}}};
    if (i % 4 == 3) {
      outcome = {};
      outcome.state = search::TrialState::failed;
      outcome.failure = search::TrialFailure::non_finite;
      outcome.reason = "the loss is not finite";
    }
    require(store.report(*answer.claim, outcome));
  }
}

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
};
using Sqlite = std::unique_ptr<sqlite3, CloseDatabase>;

// In memory, so that statements reach no file.
Sqlite in_memory(const std::string& bytes) {
  sqlite3* opened = nullptr;
  require(sqlite3_open(":memory:", &opened) == SQLITE_OK);
  Sqlite database(opened);
  auto* copy = static_cast<unsigned char*>(sqlite3_malloc64(bytes.size()));
  std::memcpy(copy, bytes.data(), bytes.size());
  const auto size = static_cast<sqlite3_int64>(bytes.size());
  require(sqlite3_deserialize(opened, "main", copy, size, size,
                              SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_RESIZEABLE) == SQLITE_OK);
  return database;
}

std::string bytes_of(sqlite3* database) {
  sqlite3_int64 size = 0;
  unsigned char* const bytes = sqlite3_serialize(database, "main", &size, 0);
  std::string text(reinterpret_cast<const char*>(bytes), bytes == nullptr ? 0 : static_cast<size_t>(size));
  sqlite3_free(bytes);
  return text;
}

// A study with small pages, in which nothing comes from a clock or by chance.
std::string whole_study(const fs::path& folder) {
  const std::string path = folder / "whole.study";
  {
    const auto store = search::open_store(path, /*create=*/true, kNoPatience);
    store->open(search::describe_study(small_task(), "seed: 1\n"));
    go_on(*store, small_task(), 6);
  }
  sqlite3* opened = nullptr;
  require(sqlite3_open(path.c_str(), &opened) == SQLITE_OK);
  const Sqlite database(opened);
  const char* const statements =
      "UPDATE spinenet_study SET study_id = '0123456789abcdef0123456789abcdef', first_started = 1.0, last_finished = "
      "20.0;"
      "UPDATE spinenet_trial SET started = 1.0 + number, finished = 2.0 + number, request = 7, lease_until = 1.0;"
      "PRAGMA journal_mode = DELETE; PRAGMA page_size = 1024; VACUUM;";
  require(sqlite3_exec(opened, statements, nullptr, nullptr, nullptr) == SQLITE_OK);
  return content_of(path);
}

int allow(void*, int action, const char*, const char*, const char*, const char*) {
  return action == SQLITE_ATTACH || action == SQLITE_DETACH ? SQLITE_DENY : SQLITE_OK;
}

int stop(void* looks) {
  return ++*static_cast<int*>(looks) > 10 ? 1 : 0;
}

// The study after the statements, of which any may fail.
std::string after(const std::string& study, const std::string& statements) {
  const Sqlite database = in_memory(study);
  int looks = 0;
  sqlite3_progress_handler(database.get(), kMostSteps / 10, stop, &looks);
  sqlite3_set_authorizer(database.get(), allow, nullptr);
  sqlite3_limit(database.get(), SQLITE_LIMIT_LENGTH, kLongestValue);
  sqlite3_limit(database.get(), SQLITE_LIMIT_ATTACHED, 0);
  sqlite3_db_config(database.get(), SQLITE_DBCONFIG_DEFENSIVE, 0, nullptr);
  sqlite3_exec(database.get(), "PRAGMA writable_schema = ON; PRAGMA max_page_count = 1000", nullptr, nullptr, nullptr);
  const char* rest = statements.c_str();
  while (*rest != '\0') {
    sqlite3_stmt* statement = nullptr;
    const char* const begin = rest;
    if (sqlite3_prepare_v2(database.get(), begin, -1, &statement, &rest) != SQLITE_OK || rest == begin) break;
    while (sqlite3_step(statement) == SQLITE_ROW) {
    }
    sqlite3_finalize(statement);
  }
  if (sqlite3_get_autocommit(database.get()) == 0) sqlite3_exec(database.get(), "COMMIT", nullptr, nullptr, nullptr);
  return bytes_of(database.get());
}

void show(const std::string& path) {
  const search::Study study = search::read_study(path);
  for (size_t i = 0; i < study.trials.size(); ++i) {
    require(study.trials[i].number == static_cast<int64_t>(i));
    require(!to_text(to_json(study.trials[i])).empty());
  }
  require(study.status.best < static_cast<int64_t>(study.trials.size()));
  accepts([&] { search::study_summary_text(study_summary(study)); });
  const auto csv = to_csv(study);
  require(std::ranges::count(csv, '\n') >= static_cast<int64_t>(study.trials.size()) + 1);
  accepts([&] { study_page(study, {}); });
  size_t shown = 0;
  for (const search::Trial* trial : ranked(study)) {
    if (++shown > 3) break;
    accepts([&] { to_text(to_json(architecture_of(study, *trial))); });
  }
}

void look(const std::string& path) {
  accepts([&] {
    const auto store = search::look_at_store(path, kNoPatience);
    accepts([&] { store->description(); });
    accepts([&] { store->id(); });
    accepts([&] { require(search::study_summary(*store, path).is_object()); });
    accepts([&] { store->trials(1, 2); });
  });
  accepts([&] { search::find_study(path, kNoPatience); });
  accepts([&] { show(path); });
}

void work(const std::string& path) {
  accepts([&] {
    const auto store = search::open_store(path, /*create=*/false, kNoPatience);
    const search::Study study = search::described_study(path, store->description());
    store->open(study.description);
    go_on(*store, study.task, 2);
    store->status();
  });
}

// In TMPDIR, which is removed by whoever runs a fuzzer: libFuzzer ends without a word.
fs::path fresh_folder() {
  std::string name = fs::temp_directory_path() / "spinenet-fuzz-study-XXXXXX";
  require(::mkdtemp(name.data()) != nullptr);
  return name;
}

struct Fuzzed {
  fs::path folder = fresh_folder();
  std::string whole = whole_study(folder);
  std::string path = folder / "fuzzed.study";
};

void write(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

void remove_beside(const std::string& path) {
  std::error_code none;
  for (const char* ending : {"-wal", "-shm", "-journal"}) fs::remove(path + ending, none);
}

}  // namespace
}  // namespace spinenet

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace spinenet;
  static const Fuzzed fuzzed;
  std::string bytes(reinterpret_cast<const char*>(data), size);
  if (!bytes.starts_with("SQLite format 3")) bytes = after(fuzzed.whole, bytes);
  if (bytes.size() > kLargestFile) return 0;
  write(fuzzed.path, bytes);
  look(fuzzed.path);
  require(content_of(fuzzed.path) == bytes);
  work(fuzzed.path);
  remove_beside(fuzzed.path);
  return 0;
}
