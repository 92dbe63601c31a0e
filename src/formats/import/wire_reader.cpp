#include "formats/import/wire_reader.h"

#include "base/error.h"
#include "base/format.h"

namespace spinenet::formats {

bool take_varint(std::string_view& bytes, uint64_t& value) {
  constexpr int kMaxBytes = 10;
  value = 0;
  for (int i = 0; i < kMaxBytes && static_cast<size_t>(i) < bytes.size(); ++i) {
    const auto byte = static_cast<unsigned char>(bytes[static_cast<size_t>(i)]);
    if (i == kMaxBytes - 1 && byte > 1) return false;
    value |= static_cast<uint64_t>(byte & 0x7FU) << (7 * i);
    if ((byte & 0x80U) != 0) continue;
    bytes.remove_prefix(static_cast<size_t>(i) + 1);
    return true;
  }
  return false;
}

uint64_t little_endian(std::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes.size(); ++i)
    value |= static_cast<uint64_t>(static_cast<unsigned char>(bytes[i])) << 8 * i;
  return value;
}

bool WireReader::next() {
  if (rest_.empty()) return false;
  const uint64_t key = take_number();
  field_ = key >> 3;
  if (field_ == 0) refuse("a field has the number 0");
  kind_ = Kind::number;
  switch (key & 7) {
    case 0:
      number_ = take_number();
      return true;
    case 1:
      number_ = take_fixed(8);
      return true;
    case 2: {
      const uint64_t size = take_number();
      if (size > rest_.size()) refuse(fmt::format("field {} has {} bytes, but {} follow", field_, size, rest_.size()));
      kind_ = Kind::bytes;
      bytes_ = rest_.substr(0, size);
      rest_.remove_prefix(size);
      return true;
    }
    case 5:
      number_ = take_fixed(4);
      return true;
    default:
      refuse(fmt::format("field {} is of the unknown kind {}", field_, key & 7));
  }
}

uint64_t WireReader::number() const {
  if (kind_ != Kind::number) refuse(fmt::format("field {} is no number", field_));
  return number_;
}

std::string_view WireReader::bytes() const {
  if (kind_ != Kind::bytes) refuse(fmt::format("field {} is a number where text is needed", field_));
  return bytes_;
}

uint64_t WireReader::take_number() {
  uint64_t value = 0;
  if (!take_varint(rest_, value)) refuse("a number is cut off or too long");
  return value;
}

uint64_t WireReader::take_fixed(size_t size) {
  if (rest_.size() < size) refuse("a number is cut off");
  const uint64_t value = little_endian(rest_.substr(0, size));
  rest_.remove_prefix(size);
  return value;
}

void WireReader::refuse(std::string_view what) const {
  fail(ErrorKind::bad_data, what, place_, "the checkpoint is damaged: use another copy");
}

}  // namespace spinenet::formats
