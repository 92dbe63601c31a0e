#include "formats/safetensors.h"

#include <bit>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.h"
#include "base/format.h"
#include "base/output_fixture.h"
#include "base/random.h"

namespace spinenet::formats {
namespace {

class Folder {
 public:
  Folder() : path_(std::filesystem::temp_directory_path() / fmt::format("spinenet_safetensors_{}", ::getpid())) {
    std::filesystem::create_directories(path_);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::filesystem::path operator/(const char* name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

TensorFile small_tensors() {
  TensorFile file;
  file.weights["conv/weight"] = {{2, 1, 3}, {1, -2, 3.5F, 0, 1e-30F, -1e30F}};
  file.weights["a"] = {{}, {42}};
  file.weights["empty"] = {{0, 4}, {}};
  file.metadata["note"] = "a \"header_checksum\":\"0\" inside, and ünïcode";
  return file;
}

// A file with this header and data, unchecked.
std::string raw_file(std::string header, const std::string& data = "") {
  const uint64_t length = header.size();
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return bytes + header + data;
}

// The message of the Error that parsing throws, "" when it throws none.
std::string refusal(const std::string& bytes, ErrorKind kind = ErrorKind::bad_data) {
  try {
    parse_safetensors(bytes, "m.safetensors");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    EXPECT_TRUE(std::string(error.what()).starts_with("m.safetensors")) << error.what();
    return error.what();
  }
  return "";
}

bool same_bits(const Weights& a, const Weights& b) {
  if (a.size() != b.size()) return false;
  for (auto i = a.begin(), j = b.begin(); i != a.end(); ++i, ++j) {
    if (i->first != j->first || i->second.shape != j->second.shape) return false;
    if (i->second.data.size() != j->second.data.size()) return false;
    for (size_t k = 0; k < i->second.data.size(); ++k) {
      if (std::bit_cast<uint32_t>(i->second.data[k]) != std::bit_cast<uint32_t>(j->second.data[k])) return false;
    }
  }
  return true;
}

TEST(Safetensors, WhatWasWrittenIsReadBack) {
  const Folder folder;
  TensorFile file = small_tensors();
  file.weights["odd"] = {{3}, {std::numeric_limits<float>::quiet_NaN(), -0.0F, -INFINITY}};
  write_safetensors(fixture::output(folder / "a.safetensors"), file);
  const TensorFile back = read_safetensors(folder / "a.safetensors");
  EXPECT_EQ(back.metadata, file.metadata);
  EXPECT_TRUE(same_bits(back.weights, file.weights));
}

TEST(Safetensors, RandomFilesAreReadBackAndWrittenToTheSameBytes) {
  const Folder folder;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    Random random(seed);
    TensorFile file;
    for (int64_t i = random.below(6); i > 0; --i) {
      std::vector<int64_t> shape;
      for (int64_t rank = random.below(5); rank > 0; --rank) shape.push_back(random.below(5));
      HostTensor tensor = make_tensor(shape);
      for (float& value : tensor.data) value = static_cast<float>(random.normal());
      file.weights[fmt::format("tensor {}", i)] = tensor;
    }
    for (int64_t i = random.below(4); i > 0; --i) {
      std::string text;
      for (int64_t n = random.below(20); n > 0; --n) text += static_cast<char>(random.below(128));
      file.metadata[text] = text;
    }
    write_safetensors(fixture::output(folder / "one"), file);
    const TensorFile back = read_safetensors(folder / "one");
    EXPECT_EQ(back.metadata, file.metadata);
    EXPECT_TRUE(same_bits(back.weights, file.weights));
    write_safetensors(fixture::output(folder / "two"), back);
    EXPECT_EQ(read_file(folder / "one"), read_file(folder / "two"));
  }
}

TEST(Safetensors, HeaderIsAlignedAndEntriesAreSorted) {
  const Folder folder;
  write_safetensors(fixture::output(folder / "a"), small_tensors());
  const std::string bytes = read_file(folder / "a");
  uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  EXPECT_EQ(length % 8, 0U);
  EXPECT_EQ(bytes.size(), 8 + length + 7 * sizeof(float));
  EXPECT_LT(bytes.find("\"a\":"), bytes.find("\"conv/weight\":"));
  EXPECT_LT(bytes.find("\"__metadata__\""), bytes.find("\"a\":"));
}

TEST(Safetensors, CutAtEveryByteIsRefused) {
  const Folder folder;
  write_safetensors(fixture::output(folder / "a"), small_tensors());
  const std::string bytes = read_file(folder / "a");
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_NE(refusal(bytes.substr(0, size)), "") << "cut at " << size;
  }
  EXPECT_NE(refusal(bytes + '\0'), "");
}

TEST(Safetensors, EveryFlippedBitIsFound) {
  const Folder folder;
  write_safetensors(fixture::output(folder / "a"), small_tensors());
  const std::string bytes = read_file(folder / "a");
  for (size_t at = 0; at < bytes.size(); ++at) {
    for (const int flip : {1, 2, 4, 8, 16, 32, 64, 128, 255}) {
      std::string changed = bytes;
      changed[at] = static_cast<char>(changed[at] ^ flip);
      // A flip in the dtype is refused by its name before the checksum is looked at.
      bool refused = false;
      try {
        parse_safetensors(changed, "m");
      } catch (const Error& error) {
        refused = error.kind() == ErrorKind::bad_data || error.kind() == ErrorKind::unsupported;
      }
      ASSERT_TRUE(refused) << "byte " << at << " ^ " << flip;
    }
  }
}

TEST(Safetensors, DamagedDataNamesFileAndRemedy) {
  const Folder folder;
  write_safetensors(fixture::output(folder / "a"), small_tensors());
  std::string bytes = read_file(folder / "a");
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  const std::string message = refusal(bytes);
  EXPECT_NE(message.find("checksum of the tensor data"), std::string::npos) << message;
  EXPECT_NE(message.find("use another copy"), std::string::npos) << message;
}

TEST(Safetensors, OtherProgramsFilesNeedNoChecksum) {
  const std::string file =
      raw_file(R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", std::string("\0\0\x80\x3f", 4));
  const TensorFile back = parse_safetensors(file, "m");
  EXPECT_EQ(back.weights.at("w").data, std::vector<float>{1});
  EXPECT_TRUE(parse_safetensors(raw_file("{}"), "m").weights.empty());
}

TEST(Safetensors, OneChecksumWithoutTheOtherIsRefused) {
  EXPECT_NE(refusal(raw_file(R"({"__metadata__":{"checksum":"0000000000000000"}})")), "");
  EXPECT_NE(refusal(raw_file(R"({"__metadata__":{"header_checksum":"0000000000000000"}})")), "");
  EXPECT_NE(refusal(raw_file(R"({"__metadata__":{"checksum":"0","header_checksum":"0"}})")), "");
}

struct Fault {
  const char* header;
  size_t data_size;
  const char* expected;
};

TEST(Safetensors, EveryBrokenRuleIsNamed) {
  const Fault faults[] = {
      {"", 0, "does not begin with {"},
      {" {}", 0, "does not begin with {"},
      {"[]", 0, "does not begin with {"},
      {"{", 0, "not valid JSON"},
      {"{}x", 0, "not valid JSON"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
       4, "appears twice"},
      {R"({"__metadata__":{"k":"1","k":"2"}})", 0, "appears twice"},
      {R"({"__metadata__":[]})", 0, "__metadata__ is not an object"},
      {R"({"__metadata__":{"k":1}})", 0, "\"k\" is not a text"},
      {R"({"a":1})", 0, "not described by an object"},
      {R"({"a":{"shape":[1],"data_offsets":[0,4]}})", 4, "has no dtype"},
      {R"({"a":{"dtype":1,"shape":[1],"data_offsets":[0,4]}})", 4, "dtype is not a text"},
      {R"({"a":{"dtype":"F32","data_offsets":[0,4]}})", 4, "has no shape"},
      {R"({"a":{"dtype":"F32","shape":1,"data_offsets":[0,4]}})", 4, "shape is not a list"},
      {R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", 4, "holds -1"},
      {R"({"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}})", 4, "holds 1.0"},
      {R"({"a":{"dtype":"F32","shape":["1"],"data_offsets":[0,4]}})", 4, "holds \"1\""},
      {R"({"a":{"dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,4]}})", 4, "not a size"},
      {R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", 0, "too large"},
      {R"({"a":{"dtype":"F64","shape":[2305843009213693952],"data_offsets":[0,0]}})", 0, "too large"},
      {R"({"a":{"dtype":"F32","shape":[1]}})", 4, "has no data_offsets"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}})", 4, "not a pair"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}})", 4, "not a pair"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}})", 4, "not a pair"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}})", 4, "do not span"},
      {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", 4, "do not span the 8 bytes"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", 8, "a hole"},
      {R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})",
       3, "an overlap"},
      {R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}})",
       3, "a hole"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 3, "has 3 bytes, but the header describes 4"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 5, "has 5 bytes, but the header describes 4"},
  };
  for (const Fault& fault : faults) {
    const std::string message = refusal(raw_file(fault.header, std::string(fault.data_size, '\0')));
    EXPECT_NE(message.find(fault.expected), std::string::npos) << fault.header << "\n" << message;
  }
}

TEST(Safetensors, HeaderLengthIsCheckedBeforeItIsUsed) {
  std::string bytes = raw_file("{}");
  for (const uint64_t length : {uint64_t{3}, uint64_t{100'000'000}, uint64_t{100'000'001}, UINT64_MAX}) {
    std::memcpy(bytes.data(), &length, 8);
    EXPECT_NE(refusal(bytes), "") << length;
  }
}

TEST(Safetensors, AFileOfPyTorchIsToBeImported) {
  const std::string zip("PK\x03\x04\x00\x00\x08\x08\x00\x00", 10), pickle("\x80\x02\x8a\nl\xfc\x9c\x46\xf9 j", 11);
  for (const std::string& file : {zip, pickle}) {
    EXPECT_NE(refusal(file + std::string(100, 'x')).find("spinenet import FILE --as ARCHITECTURE"), std::string::npos);
  }
}

TEST(Safetensors, ManyEntriesTakeNoQuadraticTime) {
  std::string header = R"({"__metadata__":{)";
  for (int i = 0; i < 300'000; ++i) header += fmt::format("\"{}\":\"\",", i);
  header += R"("last":""}})";
  EXPECT_EQ(parse_safetensors(raw_file(header), "m").metadata.size(), 300'001U);
}

// Two bytes of the file become a hundred of memory.
TEST(Safetensors, TooManyValuesInTheHeaderAreRefused) {
  std::string shape = "0";
  for (int i = 0; i < 1'000'000; ++i) shape += ",0";
  const std::string message =
      refusal(raw_file(R"({"a":{"dtype":"F32","data_offsets":[0,0],"shape":[)" + shape + "]}}"));
  EXPECT_NE(message.find("values, more than 1000000"), std::string::npos) << message;
  // Not those that are in a text.
  const std::string text(2'000'000, ',');
  EXPECT_EQ(parse_safetensors(raw_file(R"({"__metadata__":{"a\"":")" + text + "\"}}"), "m").metadata.at("a\""), text);
}

TEST(Safetensors, UnknownDtypeIsRefusedByName) {
  const std::string message =
      refusal(raw_file(R"({"a":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}})", "x"), ErrorKind::unsupported);
  EXPECT_NE(message.find("F8_E4M3"), std::string::npos);
  EXPECT_NE(message.find("BF16"), std::string::npos);
}

TEST(Safetensors, WriterRefusesWhatTheFormatCannotHold) {
  const Folder folder;
  const std::function<void(TensorFile&)> breaks[] = {
      [](TensorFile& file) {
        file.weights["__metadata__"] = {{1}, {1}};
      },
      [](TensorFile& file) {
        file.weights["w"] = {{2}, {1}};
      },
      [](TensorFile& file) {
        file.weights["w"] = {{-1}, {}};
      },
      [](TensorFile& file) { file.metadata["checksum"] = "mine"; },
      [](TensorFile& file) { file.metadata["header_checksum"] = "mine"; },
      [](TensorFile& file) { file.metadata["k"] = "\xff"; },
  };
  for (const auto& break_it : breaks) {
    TensorFile file = small_tensors();
    break_it(file);
    EXPECT_THROW(write_safetensors(fixture::output(folder / "a"), file), Error);
    EXPECT_FALSE(std::filesystem::exists(folder / "a"));
  }
}

TEST(Safetensors, FailureAtAnyCallKeepsTheOldFile) {
  const Folder folder;
  write_safetensors(fixture::output(folder / "a"), small_tensors());
  const std::string before = read_file(folder / "a");
  TensorFile other = small_tensors();
  other.metadata["note"] = "new";
  for (int fail_at = 0;; ++fail_at) {
    int calls = 0;
    FileLayer layer = system_file_layer();
    layer.write = [&](int fd, std::span<const char> bytes) {
      return calls++ == fail_at ? ENOSPC : system_file_layer().write(fd, bytes);
    };
    try {
      write_safetensors(fixture::output(folder / "a", layer), other);
      EXPECT_GT(fail_at, 3);
      break;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::io);
      EXPECT_EQ(read_file(folder / "a"), before);
    }
  }
  EXPECT_EQ(read_safetensors(folder / "a").metadata, other.metadata);
}

TEST(Safetensors, NonFiniteWeightsAreNamed) {
  Weights weights = small_tensors().weights;
  EXPECT_NO_THROW(check_finite(weights, "m"));
  weights["z/gamma"] = {{3}, {1, NAN, INFINITY}};
  try {
    check_finite(weights, "m.safetensors");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::bad_data);
    EXPECT_NE(std::string(error.what()).find("m.safetensors: tensor \"z/gamma\" holds 2 of 3"), std::string::npos)
        << error.what();
  }
}

// The file was written by the Python library, each tensor in another dtype: see
// tests/parity/make_safetensors_oracle.py.
TEST(Safetensors, FileOfThePythonLibraryIsRead) {
  const TensorFile file =
      read_safetensors(std::filesystem::path(SPINENET_SOURCE_DIR) / "tests/parity/python.safetensors");
  EXPECT_EQ(file.metadata.at("note"), "written by Python, ünïcode");
  const std::vector<float> ramp{-2, -1, 0, 1, 2, 3};
  const std::vector<float> positive{0, 1, 2, 3, 4, 5};
  for (const char* name : {"F64", "F32", "F16", "BF16", "I64", "I32", "I16", "I8"}) {
    EXPECT_EQ(file.weights.at(name).shape, (std::vector<int64_t>{2, 3})) << name;
    EXPECT_EQ(file.weights.at(name).data, ramp) << name;
  }
  for (const char* name : {"U64", "U32", "U16", "U8"}) EXPECT_EQ(file.weights.at(name).data, positive) << name;
  EXPECT_EQ(file.weights.at("BOOL").data, (std::vector<float>{1, 0, 1}));
  EXPECT_TRUE(file.weights.at("empty").data.empty());
  EXPECT_EQ(file.weights.at("scalar").shape, std::vector<int64_t>{});
  EXPECT_EQ(file.weights.at("scalar").data, std::vector<float>{0.1F});
}

// Odd values of the half formats, with what numpy and ml_dtypes make of them, as float32 bits.
TEST(Safetensors, HalfFormatsConvertAsInNumpy) {
  const TensorFile file =
      read_safetensors(std::filesystem::path(SPINENET_SOURCE_DIR) / "tests/parity/python.safetensors");
  for (const char* name : {"F16 all", "BF16 some"}) {
    const HostTensor& ours = file.weights.at(name);
    const HostTensor& theirs = file.weights.at(fmt::format("{} as F32", name));
    ASSERT_EQ(ours.data.size(), theirs.data.size());
    for (size_t i = 0; i < ours.data.size(); ++i) {
      if (std::isnan(theirs.data[i])) {
        EXPECT_TRUE(std::isnan(ours.data[i])) << name << i;
      } else {
        EXPECT_EQ(std::bit_cast<uint32_t>(ours.data[i]), std::bit_cast<uint32_t>(theirs.data[i])) << name << i;
      }
    }
  }
}

// Took a minute when every entry of the header was looked at again for each tensor.
TEST(Safetensors, FortyThousandTensorsAreReadAndWritten) {
  TensorFile file;
  for (int i = 0; i < 40'000; ++i) file.weights[fmt::format("block{}/weight", i)] = {{1}, {static_cast<float>(i)}};
  const Folder folder;
  write_safetensors(fixture::output(folder / "many.safetensors"), file);
  const TensorFile again = read_safetensors(folder / "many.safetensors");
  EXPECT_EQ(again.weights.size(), 40'000U);
  EXPECT_EQ(again.weights.at("block39999/weight").data, (std::vector<float>{39'999}));
}

}  // namespace
}  // namespace spinenet::formats
