#include "train/metrics.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <unistd.h>

#include "base/error.h"
#include "base/format.h"
#include "base/log.h"

namespace spinenet::train {
MetricsLog::MetricsLog(const OwnedFolder& folder, int64_t keep_bytes, int64_t first_step) : folder_(folder.path()) {
  metrics_fd_ = folder.open_log("metrics.jsonl");
  bytes_ = std::min<int64_t>(keep_bytes, ::lseek(metrics_fd_, 0, SEEK_END));
  timing_fd_ = folder.open_log("timing.jsonl");
  if (::ftruncate(metrics_fd_, bytes_) != 0) warn_once(errno);
  if (::lseek(metrics_fd_, bytes_, SEEK_SET) < 0) warn_once(errno);
  if (first_step == 0 && ::ftruncate(timing_fd_, 0) != 0) warn_once(errno);
  if (::lseek(timing_fd_, 0, SEEK_END) < 0) warn_once(errno);
  plot::EventWriterOptions options;
  options.first_step = first_step;
  events_ = std::make_unique<plot::EventWriter>(folder, options);
  if (events_->error() != 0) warn_once(events_->error());
}

MetricsLog::~MetricsLog() {
  ::close(metrics_fd_);
  ::close(timing_fd_);
}

void MetricsLog::append(int fd, const Json& line) {
  const std::string text = line.dump() + "\n";
  const off_t before = ::lseek(fd, 0, SEEK_CUR);
  if (const int error = system_file_layer().write(fd, text); error != 0) {
    warn_once(error);
    // Half a line would spoil the file: back to where it was whole.
    if (::ftruncate(fd, before) != 0 || ::lseek(fd, before, SEEK_SET) < 0) warn_once(errno);
    return;
  }
  if (fd == metrics_fd_) bytes_ += static_cast<int64_t>(text.size());
}

void MetricsLog::write(const Json& line, const std::string& group) {
  append(metrics_fd_, line);
  const auto step = line.at("step").get<int64_t>();
  for (const auto& [key, value] : line.items()) {
    if (key == "step" || !value.is_number()) continue;
    if (const int error = events_->add_scalar(group + "/" + key, step, value.get<float>()); error != 0)
      warn_once(error);
  }
}

void MetricsLog::write_timing(const Json& line) {
  append(timing_fd_, line);
}

void MetricsLog::sync() {
  if (::fsync(metrics_fd_) != 0) warn_once(errno);
  if (const int error = events_->flush(); error != 0) warn_once(error);
}

void MetricsLog::warn_once(int error) {
  if (warned_) return;
  warned_ = true;
  log_warning(fmt::format("cannot write the logs in {}: {}; training goes on", folder_.string(), std::strerror(error)));
}

}  // namespace spinenet::train
