#include "plot/tensorboard.h"

#include <array>
#include <atomic>
#include <bit>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "base/format.h"

namespace spinenet::plot {
namespace {

template <class T>
void put_little_endian(std::string& out, T value) {
  for (size_t i = 0; i < sizeof(T); ++i) out += static_cast<char>(value >> (8 * i));
}

uint32_t masked_crc(std::string_view bytes) {
  return masked_crc32c(crc32c(bytes));
}

// Protobuf wire format: a key of field number and wire type, then the value.
enum class Wire { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

void put_varint(std::string& out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

void put_key(std::string& out, int field, Wire wire) {
  put_varint(out, static_cast<uint64_t>(field) << 3 | static_cast<uint64_t>(wire));
}

void put_bytes(std::string& out, int field, std::string_view bytes) {
  put_key(out, field, Wire::bytes);
  put_varint(out, bytes.size());
  out += bytes;
}

// Event: wall_time = 1, step = 2, and one of file_version = 3, summary = 5, session_log = 7.
std::string make_event(double wall_time, int64_t step, int content_field, std::string_view content) {
  std::string event;
  put_key(event, 1, Wire::fixed64);
  put_little_endian(event, std::bit_cast<uint64_t>(wall_time));
  put_key(event, 2, Wire::varint);
  put_varint(event, static_cast<uint64_t>(step));
  put_bytes(event, content_field, content);
  return event;
}

// Summary: value = 1; Summary.Value: tag = 1, simple_value = 2.
std::string make_summary(std::string_view tag, float scalar) {
  std::string value;
  put_bytes(value, 1, tag);
  put_key(value, 2, Wire::fixed32);
  put_little_endian(value, std::bit_cast<uint32_t>(scalar));
  std::string summary;
  put_bytes(summary, 1, value);
  return summary;
}

// SessionLog: status = 1, with START = 1.
std::string make_session_start() {
  std::string log;
  put_key(log, 1, Wire::varint);
  put_varint(log, 1);
  return log;
}

double system_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// TensorBoard reads the files of a folder in the order of their names: the seconds come first.
std::string file_name(double now) {
  static std::atomic<int> count{0};
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  return fmt::format("events.out.tfevents.{:010}.{}.{}.{}", static_cast<int64_t>(now), host.data(), ::getpid(),
                     count.fetch_add(1));
}

}  // namespace

std::string tf_record(std::string_view data) {
  std::string record;
  put_little_endian(record, static_cast<uint64_t>(data.size()));
  put_little_endian(record, masked_crc(record));
  record += data;
  put_little_endian(record, masked_crc(data));
  return record;
}

EventWriter::EventWriter(const OwnedFolder& folder, EventWriterOptions options) : options_(std::move(options)) {
  if (!options_.now) options_.now = system_seconds;
  const std::string name = "tensorboard/" + file_name(options_.now());
  path_ = folder.path() / name;
  fd_ = folder.open_new_log(name);
  error_ = fd_ < 0 ? errno : begin_file();
}

EventWriter::~EventWriter() {
  if (fd_ >= 0) ::close(fd_);
}

int EventWriter::begin_file() {
  const double now = options_.now();
  std::string records = tf_record(make_event(now, 0, 3, "brain.Event:2"));
  if (options_.first_step > 0) records += tf_record(make_event(now, options_.first_step, 7, make_session_start()));
  return append(records);
}

int EventWriter::add_scalar(std::string_view tag, int64_t step, float value) {
  if (fd_ < 0) return error_;
  // The head of the file is still missing when its write failed.
  if (length_ == 0) error_ = begin_file();
  if (length_ > 0) error_ = append(tf_record(make_event(options_.now(), step, 5, make_summary(tag, value))));
  return error_;
}

int EventWriter::flush() {
  if (fd_ >= 0) error_ = options_.layer.sync(fd_);
  return error_;
}

int EventWriter::append(std::string_view records) {
  const int error = options_.layer.write(fd_, records);
  if (error == 0) {
    length_ += static_cast<int64_t>(records.size());
    return 0;
  }
  // What reached the file of a half record would hide all that follows it.
  if (::ftruncate(fd_, length_) != 0) return errno;
  return error;
}

}  // namespace spinenet::plot
