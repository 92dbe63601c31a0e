#include "plot/tensorboard.h"

#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <map>
#include <optional>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "base/folder_kinds.h"
#include "base/format.h"

namespace spinenet::plot {
namespace {

class EventWriterTest : public testing::Test {
 protected:
  EventWriterTest() : folder_(std::filesystem::temp_directory_path() / fmt::format("spinenet_events_{}", ::getpid())) {}
  ~EventWriterTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  std::filesystem::path folder_;
};

// A reader of the wire format that is independent of the writer: field number -> raw value.
struct Message {
  std::map<int, uint64_t> numbers;
  std::map<int, std::string> texts;
};

uint64_t take_varint(std::string_view& bytes) {
  uint64_t value = 0;
  for (int shift = 0; !bytes.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    value |= static_cast<uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) break;
  }
  return value;
}

uint64_t take_fixed(std::string_view& bytes, size_t size) {
  uint64_t value = 0;
  std::memcpy(&value, bytes.data(), size);
  bytes.remove_prefix(size);
  return value;
}

Message parse_message(std::string_view bytes) {
  Message message;
  while (!bytes.empty()) {
    const uint64_t key = take_varint(bytes);
    const int field = static_cast<int>(key >> 3);
    if ((key & 7) == 0) message.numbers[field] = take_varint(bytes);
    if ((key & 7) == 1) message.numbers[field] = take_fixed(bytes, 8);
    if ((key & 7) == 5) message.numbers[field] = take_fixed(bytes, 4);
    if ((key & 7) == 2) {
      const size_t size = take_varint(bytes);
      message.texts[field] = bytes.substr(0, size);
      bytes.remove_prefix(size);
    }
  }
  return message;
}

uint32_t unmask(uint32_t masked) {
  const uint32_t rotated = masked - 0xA282EAD8U;
  return (rotated >> 17) | (rotated << 15);
}

// All records of a file, or nothing where a length or checksum is wrong.
std::optional<std::vector<Message>> read_events(const std::filesystem::path& path) {
  const std::string content = read_file(path);
  std::string_view bytes = content;
  std::vector<Message> events;
  while (!bytes.empty()) {
    if (bytes.size() < 16) return std::nullopt;
    const uint32_t length_crc = crc32c(bytes.substr(0, 8));
    const uint64_t length = take_fixed(bytes, 8);
    if (unmask(static_cast<uint32_t>(take_fixed(bytes, 4))) != length_crc || bytes.size() < length + 4) {
      return std::nullopt;
    }
    const std::string_view data = bytes.substr(0, length);
    bytes.remove_prefix(length);
    if (unmask(static_cast<uint32_t>(take_fixed(bytes, 4))) != crc32c(data)) return std::nullopt;
    events.push_back(parse_message(data));
  }
  return events;
}

struct Scalar {
  std::string tag;
  int64_t step;
  float value;
};

Scalar scalar_of(const Message& event) {
  const Message value = parse_message(parse_message(event.texts.at(5)).texts.at(1));
  float number = 0;
  const auto bits = static_cast<uint32_t>(value.numbers.at(2));
  std::memcpy(&number, &bits, 4);
  return {value.texts.at(1), static_cast<int64_t>(event.numbers.at(2)), number};
}

TEST_F(EventWriterTest, ScalarsAreReadBack) {
  EventWriterOptions options;
  options.now = [] { return 1234567890.5; };
  EventWriter writer(OwnedFolder(folder_ / "deep" / "folder", kTrainingRun), options);
  ASSERT_EQ(writer.error(), 0);
  const std::vector<Scalar> scalars{{"train/loss", 0, 0.5F},
                                    {"train/loss", 100, -1e-20F},
                                    {"val/AP", int64_t{1} << 40, 1},
                                    {"ünïcode", -1, std::numeric_limits<float>::infinity()}};
  for (const Scalar& scalar : scalars) EXPECT_EQ(writer.add_scalar(scalar.tag, scalar.step, scalar.value), 0);
  EXPECT_EQ(writer.flush(), 0);
  const auto events = read_events(writer.path());
  ASSERT_TRUE(events);
  ASSERT_EQ(events->size(), scalars.size() + 1);
  EXPECT_EQ((*events)[0].texts.at(3), "brain.Event:2");
  for (size_t i = 0; i < scalars.size(); ++i) {
    const Scalar read = scalar_of((*events)[i + 1]);
    EXPECT_EQ(read.tag, scalars[i].tag);
    EXPECT_EQ(read.step, scalars[i].step);
    EXPECT_EQ(read.value, scalars[i].value);
    double time = 0;
    std::memcpy(&time, &(*events)[i + 1].numbers.at(1), 8);
    EXPECT_EQ(time, 1234567890.5);
  }
}

TEST_F(EventWriterTest, ResumedRunSaysFromWhichStep) {
  EventWriterOptions options;
  options.first_step = 700;
  const OwnedFolder run(folder_, kTrainingRun);
  EventWriter first(run);
  EventWriter second(run, options);
  EXPECT_NE(first.path(), second.path());
  const auto events = read_events(second.path());
  ASSERT_TRUE(events);
  ASSERT_EQ(events->size(), 2U);
  EXPECT_EQ((*events)[1].numbers.at(2), 700U);
  EXPECT_EQ(parse_message((*events)[1].texts.at(7)).numbers.at(1), 1U);
}

TEST_F(EventWriterTest, FullDiskIsAValueAndTheFileStaysWhole) {
  for (int fail_at = 0; fail_at < 4; ++fail_at) {
    int calls = 0;
    EventWriterOptions options;
    options.layer.write = [&](int fd, std::span<const char> bytes) {
      if (calls++ != fail_at) return system_file_layer().write(fd, bytes);
      system_file_layer().write(fd, bytes.first(bytes.size() / 2));
      return ENOSPC;
    };
    EventWriter writer(OwnedFolder(folder_, kTrainingRun), options);
    EXPECT_EQ(writer.error(), fail_at == 0 ? ENOSPC : 0);
    for (int step = 0; step < 5; ++step) {
      const int expected = fail_at == step + 1 ? ENOSPC : 0;
      EXPECT_EQ(writer.add_scalar("loss", step, 1), expected) << "failing at " << fail_at << ", step " << step;
      EXPECT_EQ(writer.error(), expected);
    }
    const auto events = read_events(writer.path());
    ASSERT_TRUE(events) << fail_at;
    EXPECT_EQ(events->size(), fail_at == 0 ? 6U : 5U);
    EXPECT_EQ((*events)[0].texts.at(3), "brain.Event:2");
  }
}

TEST_F(EventWriterTest, FolderThatCannotBeMadeIsAValue) {
  const OwnedFolder run(folder_, kTrainingRun);
  std::ofstream(folder_ / "tensorboard") << "a file where a folder is needed";
  EventWriter writer(run);
  EXPECT_NE(writer.error(), 0);
  EXPECT_NE(writer.add_scalar("loss", 1, 1), 0);
  EXPECT_NE(writer.flush(), 0);
}

}  // namespace
}  // namespace spinenet::plot
