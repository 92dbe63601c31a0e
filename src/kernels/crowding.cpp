#include "kernels/crowding.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace spinenet::kernels {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr milliseconds kWatch(10);
// Reading what a thread has waited costs some microseconds: more threads are looked at less often.
constexpr int kThreadsInAWatch = 16;
constexpr milliseconds kShortPause(40), kLongPause(1280);
// One thread more than processors makes one of them wait for about half of the time. Threads that read images in
// between make them wait for up to a fifth, and then more threads still are faster than fewer.
constexpr double kCrowded = 0.3;
constexpr milliseconds kTurn(4);  // that the system gives the one who comes in a thread's place
constexpr int kWholeProcess = 0;  // in the place of a thread's number

// The second number of the kernel's three: processor time, time of waiting, turns. Without turns it counts none.
std::optional<nanoseconds> waited(int thread) {
  const std::string path = "/proc/self/task/" + std::to_string(thread) + "/schedstat";
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return std::nullopt;
  std::array<char, 96> text{};
  const ssize_t length = ::read(file, text.data(), text.size());
  ::close(file);
  const char* at = text.data();
  const char* const line_end = at + std::max<ssize_t>(length, 0);
  std::array<int64_t, 3> numbers{};
  for (int64_t& number : numbers) {
    const auto [end, error] = std::from_chars(at, line_end, number);
    if (error != std::errc{}) return std::nullopt;
    at = std::min(end + 1, line_end);
  }
  return numbers[2] > 0 ? std::optional(nanoseconds(numbers[1])) : std::nullopt;
}

nanoseconds reckoned_wait() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  return used.ru_nivcsw * nanoseconds(kTurn);
}

}  // namespace

void Crowding::look(Time now, std::optional<double> waited) {
  const bool is_crowded = most_ > 1 && waited.value_or(0) > kCrowded;
  const bool was_crowded = std::exchange(was_crowded_, is_crowded);
  if (resting_) {
    resting_ = false;
    trying_ = true;
    now_ = std::min(most_, 2 * now_);
  } else if (!waited || (is_crowded && !was_crowded)) {
    // They are watched from here on, or perhaps wait for those who read the next images, who are done at once.
  } else if (is_crowded) {
    was_crowded_ = false;
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
  next_look_ = now + kWatch * (1 + now_ / kThreadsInAWatch);
}

void Crowding::rest(Time now) {
  resting_ = true;
  pause_ = std::max(pause_, kShortPause);
  next_look_ = now + pause_;
}

std::optional<double> ProcessorWaits::share(Crowding::Time now, std::span<const int> threads) {
  Waited after;
  for (const int thread : threads) {
    if (const std::optional<nanoseconds> time = waited(thread)) after[thread] = *time;
  }
  if (after.empty()) after[kWholeProcess] = reckoned_wait();
  nanoseconds most{};
  bool all_known = true;
  for (const auto& [thread, time] : after) {
    const auto earlier = before_.find(thread);
    all_known = all_known && earlier != before_.end();
    if (earlier != before_.end()) most = std::max(most, time - earlier->second);
  }
  const std::chrono::duration<double> passed = now - asked_;
  before_ = std::move(after);
  asked_ = now;
  if (!all_known || passed.count() <= 0) return std::nullopt;
  return std::chrono::duration<double>(most) / passed;
}

}  // namespace spinenet::kernels
