// Reads a protobuf message field by field, without its schema: what TensorFlow's checkpoints describe themselves with.
//
// Invariant: every byte range that is given out lies within the message. Nothing is copied.
// Thread contract: a WireReader belongs to one thread; the message outlives it.
// Source: Protocol Buffers, "Encoding".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace spinenet::formats {

class WireReader {
 public:
  // `place` says in errors what the message is; it outlives the reader.
  WireReader(std::string_view message, std::string_view place) : rest_(message), place_(place) {}

  // Goes to the next field; false at the end of the message. ErrorKind::bad_data where the message is broken.
  bool next();

  uint64_t field() const { return field_; }
  // Of the field at hand. ErrorKind::bad_data where it is of another kind.
  uint64_t number() const;
  std::string_view bytes() const;

 private:
  enum class Kind { number, bytes };

  uint64_t take_number();
  uint64_t take_fixed(size_t size);
  [[noreturn]] void refuse(std::string_view what) const;

  std::string_view rest_, place_;
  uint64_t field_ = 0, number_ = 0;
  std::string_view bytes_;
  Kind kind_ = Kind::number;
};

// A varint at the front of `bytes`, which it leaves; false where there is none.
bool take_varint(std::string_view& bytes, uint64_t& value);
// A little-endian number of so many bytes, of which there are enough.
uint64_t little_endian(std::string_view bytes);

}  // namespace spinenet::formats
