#include "kernels/crowding.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace spinenet::kernels {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr milliseconds kWatch(10);
constexpr int kThreadsInAWatch =
    16;  // reading what one has waited costs some microseconds: more are looked at less often
constexpr milliseconds kShortPause(40), kLongPause(1280);
constexpr double kCrowded = 0.1;
constexpr milliseconds kTurn(4);  // that the system gives the one who comes in a thread's place
constexpr int kWholeProcess = 0;  // in the place of a thread's number

// The second number of the kernel's three: processor time, time of waiting, turns.
std::optional<nanoseconds> waited(int thread) {
  const std::string path = "/proc/self/task/" + std::to_string(thread) + "/schedstat";
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return std::nullopt;
  std::array<char, 96> text{};
  const ssize_t length = ::read(file, text.data(), text.size());
  ::close(file);
  const std::string_view line(text.data(), static_cast<size_t>(std::max<ssize_t>(length, 0)));
  const size_t begin = line.find(' ');
  int64_t time = 0;
  if (begin == std::string_view::npos) return std::nullopt;
  const auto [end, error] = std::from_chars(line.data() + begin + 1, line.data() + line.size(), time);
  return error == std::errc{} ? std::optional(nanoseconds(time)) : std::nullopt;
}

nanoseconds reckoned_wait() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  return used.ru_nivcsw * nanoseconds(kTurn);
}

}  // namespace

void Crowding::look(Time now, double waited) {
  if (resting_) {
    resting_ = false;
    trying_ = true;
    now_ = std::min(most_, 2 * now_);
  } else if (watching_ && most_ > 1 && waited > kCrowded) {
    now_ = std::max(1, now_ / 2);
    if (trying_) pause_ = std::clamp(2 * pause_, kShortPause, kLongPause);
    if (trying_ || now_ == 1) return rest(now);
  } else if (now_ == most_) {
    trying_ = false;
    pause_ = {};
  } else if (trying_) {
    now_ = std::min(most_, 2 * now_);
  } else {
    return rest(now);
  }
  watching_ = true;
  next_look_ = now + kWatch * (1 + now_ / kThreadsInAWatch);
}

void Crowding::rest(Time now) {
  resting_ = true;
  pause_ = std::max(pause_, kShortPause);
  next_look_ = now + pause_;
}

double ProcessorWaits::share(Crowding::Time now, std::span<const int> threads) {
  Waited after;
  for (const int thread : threads) {
    if (const std::optional<nanoseconds> time = waited(thread)) after[thread] = *time;
  }
  if (after.empty()) after[kWholeProcess] = reckoned_wait();
  nanoseconds most{};
  for (const auto& [thread, time] : after) {
    const auto earlier = before_.find(thread);
    if (earlier != before_.end()) most = std::max(most, time - earlier->second);
  }
  const std::chrono::duration<double> passed = now - asked_;
  before_ = std::move(after);
  asked_ = now;
  return passed.count() > 0 ? std::chrono::duration<double>(most) / passed : 0;
}

}  // namespace spinenet::kernels
