#include "formats/onnx/file.h"

#include <functional>

#include <gtest/gtest.h>

#include "base/error.h"

namespace spinenet::formats {
namespace {

OnnxFile small_file() {
  OnnxFile file;
  file.producer_version = "1.2";
  file.inputs = {{"image", OnnxType::f32, {std::string("batch"), int64_t{3}}}};
  file.outputs = {{"y", OnnxType::f32, {std::string("batch"), int64_t{3}}}, {"kept", OnnxType::i64, {int64_t{2}}}};
  file.initialisers["w"] = {OnnxType::f32, {2, 1}, {1.5F, -2}, {}};
  file.initialisers["n"] = {OnnxType::i64, {}, {}, {INT64_MIN}};
  file.initialisers["b"] = {OnnxType::boolean, {3}, {}, {1, 0, 1}};
  file.initialisers["none"] = {OnnxType::f32, {0, 4}, {}, {}};
  file.nodes = {
      {"first", "Sum", {"image", "w", ""}, {"x"}, {{"i", int64_t{-7}}, {"f", 0.25F}, {"s", std::string("a")}}},
      {"second",
       "Split",
       {"x"},
       {"y", "kept"},
       {{"ints", std::vector<int64_t>{1, 2}}, {"floats", std::vector<float>{0.5F}}}}};
  file.metadata = {{"task", "detect"}, {"classes", "[{\"id\": 3}]"}};
  return file;
}

OnnxFile parse(const std::string& bytes) {
  return parse_onnx(bytes, "m.onnx");
}

std::string refusal(const OnnxFile& file, ErrorKind kind = ErrorKind::bad_data) {
  try {
    parse(to_bytes(file, "m.onnx"));
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    EXPECT_TRUE(std::string_view(error.what()).starts_with("m.onnx: ")) << error.what();
    return error.what();
  }
  return "";
}

std::string refusal(const std::function<void(OnnxFile&)>& change) {
  OnnxFile file = small_file();
  change(file);
  return refusal(file);
}

TEST(OnnxFile, WhatWasWrittenIsReadBack) {
  OnnxFile file = small_file();
  for (const int64_t opset : {kOnnxOpset, kOnnxRoiOpset}) {
    file.opset = opset;
    const std::string bytes = to_bytes(file, "m.onnx");
    EXPECT_EQ(parse(bytes), file);
    EXPECT_EQ(to_bytes(parse(bytes), "m.onnx"), bytes);
  }
}

TEST(OnnxFile, NamesWhatIsWrong) {
  const std::vector<std::pair<std::function<void(OnnxFile&)>, std::string>> cases{
      {[](OnnxFile& f) { f.metadata["format"] = "other"; }, "metadata entry \"format\" appears twice"},
      {[](OnnxFile& f) { f.initialisers["w"].shape = {3}; }, "tensor \"w\" has 8 bytes, which its shape [3]"},
      {[](OnnxFile& f) {
         f.initialisers["w"].shape = {-2, -1};
       },
       "tensor \"w\" has 8 bytes"},
      {[](OnnxFile& f) {
         f.initialisers["w"].shape = {1LL << 62, 1LL << 62};
       },
       "tensor \"w\" has 8 bytes"},
      {[](OnnxFile& f) { f.initialisers["w"].shape.assign(9, 1); }, "tensor \"w\" has 8 bytes"},
      {[](OnnxFile& f) { f.nodes[0].inputs[0] = "y"; }, "node \"first\" reads \"y\", which nothing before it gives"},
      {[](OnnxFile& f) { f.nodes[1].outputs[0] = "x"; }, "the name \"x\" is given twice"},
      {[](OnnxFile& f) { f.nodes[1].outputs.clear(); }, "node \"second\" gives nothing"},
      {[](OnnxFile& f) { f.outputs[0].name = "z"; }, "output \"z\" is never made"},
      {[](OnnxFile& f) { f.outputs[1] = f.outputs[0]; }, "output \"y\" appears twice"},
      {[](OnnxFile& f) { f.inputs[0].shape[1] = int64_t{0}; }, "\"image\" has an extent"},
      {[](OnnxFile& f) { f.outputs.clear(); }, "has no input or no output"},
  };
  for (const auto& [change, message] : cases) {
    const std::string found = refusal(change);
    EXPECT_NE(found.find(message), std::string::npos) << found << "\n" << message;
  }
}

TEST(OnnxFile, RefusesWhatIsNoOnnx) {
  for (const std::string& bytes : {std::string("hello"), std::string(), std::string(100, '\xff')}) {
    EXPECT_THROW(parse(bytes), Error);
  }
  const std::string bytes = to_bytes(small_file(), "m.onnx");
  for (size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_THROW(parse(bytes.substr(0, length)), Error) << length;
  }
}

// Nothing but ir_version, producer and an operator set.
TEST(OnnxFile, RefusesFilesOfOtherPrograms) {
  try {
    parse(std::string("\x08\x07\x12\x05other\x42\x02\x10\x0d", 13));
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(),
                 "m.onnx: not an ONNX file that spinenet wrote: its metadata do not say so; give a file of `spinenet "
                 "export`");
  }
}

// IR version is the first field (tag 0x08), the one of the operator set the last of its message.
TEST(OnnxFile, RefusesAnotherVersion) {
  std::string bytes = to_bytes(small_file(), "m.onnx");
  ASSERT_EQ(bytes.substr(0, 2), std::string("\x08\x07"));
  bytes[1] = 9;
  try {
    parse(bytes);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unsupported);
    EXPECT_STREQ(error.what(),
                 "m.onnx: operator set 13 with IR version 9, but this program reads 13 with 7 and 16 with 8; export "
                 "the model again");
  }
}

}  // namespace
}  // namespace spinenet::formats
