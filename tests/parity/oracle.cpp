#include "parity/oracle.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include <gtest/gtest.h>
#include <sys/wait.h>

#include "base/files.h"
#include "base/format.h"

namespace spinenet {
namespace {

constexpr int kSkipped = 77;  // the scripts' exit status where a package is missing

}  // namespace

bool make_oracle(const std::string& script, const std::string& model, const std::filesystem::path& folder) {
  const char* named = std::getenv("SPINENET_PYTHON");
  const std::string log = (folder / "log").string();
  const std::string command =
      fmt::format("'{}' '{}/tests/parity/{}' {} '{}' >'{}' 2>&1", named != nullptr ? named : "python3",
                  SPINENET_SOURCE_DIR, script, model, folder.string(), log);
  const int status = std::system(command.c_str());
  if (WIFEXITED(status) && WEXITSTATUS(status) == kSkipped) return false;
  EXPECT_EQ(status, 0) << read_file(log);
  return status == 0;
}

double relative_difference(const HostTensor& found, const HostTensor& wanted) {
  EXPECT_EQ(found.shape, wanted.shape);
  if (found.shape != wanted.shape) return HUGE_VAL;
  double largest = 0, worst = 0;
  for (size_t i = 0; i < wanted.data.size(); ++i) {
    const double difference = std::abs(static_cast<double>(found.data[i]) - static_cast<double>(wanted.data[i]));
    if (std::isnan(difference)) return HUGE_VAL;  // which no comparison would find
    worst = std::max(worst, difference);
    largest = std::max(largest, std::abs(static_cast<double>(wanted.data[i])));
  }
  return worst / largest;
}

}  // namespace spinenet
