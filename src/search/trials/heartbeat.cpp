#include "search/trials/heartbeat.h"

#include <chrono>
#include <exception>
#include <utility>

#include "base/format.h"
#include "base/log.h"

namespace spinenet::search {

Heartbeat::Heartbeat(StudyAddress study, const Claim& claim, double lease_seconds)
    : study_(std::move(study)), claim_(claim), lease_seconds_(lease_seconds), thread_([this] { beat(); }) {}

Heartbeat::~Heartbeat() {
  {
    const std::lock_guard lock(mutex_);
    end_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Heartbeat::beat() {
  try {
    beat_until_the_end();
  } catch (const std::exception& error) {
    log_warning(fmt::format("heartbeat of trial {}: {}", claim_.number, error.what()));
  }
}

void Heartbeat::beat_until_the_end() {
  const std::unique_ptr<Store> store = open_store(study_, false);
  const auto pause = std::chrono::duration<double>(lease_seconds_ / 3);
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, pause, [this] { return end_; })) {
    lock.unlock();
    if (!store->heartbeat(claim_, lease_seconds_)) lost_ = true;
    lock.lock();
    if (lost_) return;
  }
}

}  // namespace spinenet::search
