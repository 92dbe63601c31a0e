#include "kernels/crowding.h"

#include <algorithm>

#include <sys/resource.h>

namespace spinenet::kernels {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kWatch(10);
constexpr milliseconds kShortPause(40), kLongPause(1280);
constexpr int64_t kChance = 1;  // preemptions in a watch that any system has

}  // namespace

void Crowding::look(Time now, int64_t preemptions) {
  if (resting_) {
    resting_ = false;
    trying_ = true;
    now_ = std::min(most_, 2 * now_);
  } else if (is_crowded(now, preemptions)) {
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
  before_ = preemptions;
  begin_ = now;
  next_look_ = now + kWatch;
}

// A watch may have become a long one, where little work was shared.
bool Crowding::is_crowded(Time now, int64_t preemptions) const {
  const int64_t watches = std::max<int64_t>(1, (now - begin_) / kWatch);
  return most_ > 1 && before_ >= 0 && preemptions - before_ > kChance * watches;
}

void Crowding::rest(Time now) {
  resting_ = true;
  pause_ = std::max(pause_, kShortPause);
  next_look_ = now + pause_;
}

int64_t count_preemptions() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  return used.ru_nivcsw;
}

}  // namespace spinenet::kernels
