// PyTorch's files as tests make them, byte by byte: pickles written opcode by opcode, both layouts around them.
//
// Thread contract: pure functions.
#pragma once

#include <cstdint>
#include <cstring>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace spinenet::fixture {

template <class Number>
std::string number_bytes(Number value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

template <class Number>
std::string bytes_of(const std::vector<Number>& values) {
  std::string bytes(values.size() * sizeof(Number), '\0');
  if (!values.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

// Each gives the opcodes that put one value on the stack.
namespace pickle {

inline std::string text(const std::string& value) {
  return std::string("X").append(number_bytes(static_cast<uint32_t>(value.size()))).append(value);
}
inline std::string integer(int64_t value) {
  return std::string("\x8a\x08").append(number_bytes(value));
}
inline std::string global(const std::string& module, const std::string& name) {
  return "c" + module + "\n" + name + "\n";
}
inline std::string tuple(const std::vector<std::string>& items) {
  std::string bytes = "(";
  for (const std::string& item : items) bytes += item;
  return bytes + "t";
}
inline std::string list(const std::vector<std::string>& items) {
  std::string bytes = "](";
  for (const std::string& item : items) bytes += item;
  return bytes + "e";
}
inline std::string call(const std::string& callee, const std::vector<std::string>& arguments) {
  return callee + tuple(arguments) + "R";
}
inline std::string integers(const std::vector<int64_t>& values) {
  std::vector<std::string> items;
  for (const int64_t value : values) items.push_back(integer(value));
  return tuple(items);
}
using Entries = std::vector<std::pair<std::string, std::string>>;  // name, value
inline std::string dict(const Entries& entries) {
  std::string bytes = global("collections", "OrderedDict") + ")R(";
  for (const auto& [name, value] : entries) bytes += text(name) + value;
  return bytes + "u";
}
inline std::string whole(const std::string& value) {
  return "\x80\x02" + value + ".";
}

struct Tensor {
  std::string key = "0";
  int64_t storage_count = 0;  // as the pickle says
  std::vector<int64_t> shape = {}, strides = {};
  int64_t offset = 0;
  std::string type = "FloatStorage";
};
inline std::string storage(const Tensor& t, bool old) {
  std::vector<std::string> id{text("storage"), global("torch", t.type), text(t.key), text("cpu"),
                              integer(t.storage_count)};
  if (old) id.push_back("N");
  return tuple(id) + "Q";
}
inline std::string tensor(const Tensor& t, bool old = false) {
  return call(global("torch._utils", "_rebuild_tensor_v2"),
              {storage(t, old), integer(t.offset), integers(t.shape), integers(t.strides), "\x89", dict({})});
}

}  // namespace pickle

inline uint32_t crc32(std::string_view bytes) {
  uint32_t crc = 0xFFFFFFFF;
  for (const char c : bytes) {
    crc ^= static_cast<uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1U) != 0 ? 0xEDB88320U : 0);
  }
  return ~crc;
}

inline std::string zip_file(const std::map<std::string, std::string>& entries, uint16_t method = 0) {
  std::string file, table;
  for (const auto& [name, content] : entries) {
    const auto size = static_cast<uint32_t>(content.size());
    const std::string common = number_bytes(uint16_t{0}) + number_bytes(method) + number_bytes(uint32_t{0}) +
                               number_bytes(crc32(content)) + number_bytes(size) + number_bytes(size) +
                               number_bytes(static_cast<uint16_t>(name.size())) + number_bytes(uint16_t{0});
    table += std::string("PK\x01\x02") + number_bytes(uint16_t{20}) + number_bytes(uint16_t{20}) + common +
             number_bytes(uint16_t{0}) + number_bytes(uint16_t{0}) + number_bytes(uint16_t{0}) +
             number_bytes(uint32_t{0}) + number_bytes(static_cast<uint32_t>(file.size())) + name;
    file += std::string("PK\x03\x04") + number_bytes(uint16_t{20}) + common + name + content;
  }
  const auto count = static_cast<uint16_t>(entries.size());
  return file + table + "PK\x05\x06" + number_bytes(uint32_t{0}) + number_bytes(count) + number_bytes(count) +
         number_bytes(static_cast<uint32_t>(table.size())) + number_bytes(static_cast<uint32_t>(file.size())) +
         number_bytes(uint16_t{0});
}

using Storages = std::map<std::string, std::string>;  // key to bytes

inline std::string pytorch_zip(const std::string& object, const Storages& storages) {
  std::map<std::string, std::string> entries{
      {"archive/data.pkl", pickle::whole(object)}, {"archive/version", "3\n"}, {"archive/byteorder", "little"}};
  for (const auto& [key, bytes] : storages) entries["archive/data/" + key] = bytes;
  return zip_file(entries);
}

// The layout before 1.6; each storage has elements of `width` bytes.
inline std::string pytorch_row(const std::string& object, const Storages& storages, size_t width = 4) {
  using namespace pickle;
  std::vector<std::string> keys;
  std::string data;
  for (const auto& [key, bytes] : storages) {
    keys.push_back(text(key));
    data += number_bytes(static_cast<int64_t>(bytes.size() / width)) + bytes;
  }
  const std::string magic("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 12);
  const std::string sizes = "}(" + text("protocol_version") + integer(1001) + text("little_endian") + "\x88" + "u";
  return whole(magic) + whole("M\xe9\x03") + whole(sizes) + whole(object) + whole(list(keys)) + data;
}

}  // namespace spinenet::fixture
