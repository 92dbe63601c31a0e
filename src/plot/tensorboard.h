// A TensorBoard event file, appended record by record: scalars over steps.
//
// Each record goes to the operating system in one call, so a reader sees whole records. A failed write is a value, not
// an exception, because a full disk must not stop a training run: the half record is cut off and the next call tries
// again. A run that is resumed writes a new file whose first record tells TensorBoard to drop what older files in the
// folder hold from `first_step` on.
//
// Thread contract: an EventWriter belongs to one thread.
// Source: TFRecord framing (length, masked CRC-32C, data, masked CRC-32C) and the messages Event, Summary and
// SessionLog of tensorflow/tsl event.proto and summary.proto.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "base/files.h"
#include "base/owned_folder.h"

namespace spinenet::plot {

struct EventWriterOptions {
  int64_t first_step = 0;
  FileLayer layer = system_file_layer();
  // Seconds since 1970, stored with each record.
  std::function<double()> now;  // the system clock when empty
};

class EventWriter {
 public:
  // Makes a file in the folder's tensorboard/. Check error() afterwards.
  explicit EventWriter(const OwnedFolder& folder, EventWriterOptions options = {});
  EventWriter(const EventWriter&) = delete;
  EventWriter& operator=(const EventWriter&) = delete;
  ~EventWriter();

  // 0 or the errno of the operating system.
  [[nodiscard]] int add_scalar(std::string_view tag, int64_t step, float value);
  // Forces what was written to the disk. 0 or an errno.
  [[nodiscard]] int flush();

  // The errno of the last call, the constructor included.
  int error() const { return error_; }
  const std::filesystem::path& path() const { return path_; }

 private:
  int append(std::string_view event);
  int begin_file();

  EventWriterOptions options_;
  std::filesystem::path path_;
  int fd_ = -1;
  int error_ = 0;
  int64_t length_ = 0;  // bytes of whole records
};

// The bytes of one TFRecord around `data`.
std::string tf_record(std::string_view data);

}  // namespace spinenet::plot
