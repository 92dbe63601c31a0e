#include "formats/import/tensor_bundle.h"

#include <algorithm>
#include <functional>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/format.h"
#include "base/output_fixture.h"
#include "base/scratch_folder_fixture.h"
#include "formats/import/tensor_bundle_fixture.h"

namespace spinenet::formats {
namespace {

using fixture::bundle::BundleWriter;
using fixture::bundle::bytes_field;
using fixture::bundle::fixed;
using fixture::bundle::number_field;

constexpr std::string_view kGraph = "_CHECKPOINTABLE_OBJECT_GRAPH";
constexpr std::string_view kValue = "/.ATTRIBUTES/VARIABLE_VALUE";

std::string key(const std::string& path) {
  return path + std::string(kValue);
}

// What `run` is refused with; empty where it is not.
std::string refusal(const std::function<void()>& run) {
  try {
    run();
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

void expect_refused(const std::function<void()>& run, std::string_view part) {
  const std::string message = refusal(run);
  EXPECT_NE(message.find(part), std::string::npos) << (message.empty() ? "not refused" : message);
  EXPECT_TRUE(message.empty() || message.starts_with("test.index")) << message;
}

// A node of an object graph with one variable.
std::string variable_node(const std::string& full_name, const std::string& path) {
  return bytes_field(2, bytes_field(1, "VARIABLE_VALUE") + bytes_field(2, full_name) + bytes_field(3, key(path)));
}

BundleWriter small_bundle() {
  BundleWriter writer;
  writer.add_floats("a/kernel", {2, 3}, {1, 2, 3, 4, 5, 6});
  writer.add_floats("a/kernel_2", {}, {7});
  writer.add_floats("b", {0, 4}, {});
  writer.add("global_step", 9, {}, fixed(12, 8));
  return writer;
}

TEST(TensorBundle, ReadsNamesShapesAndValues) {
  const SourceTensors source = small_bundle().parse();
  ASSERT_EQ(source.tensors.size(), 3U);
  EXPECT_EQ(source.tensors.at("a/kernel").shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(source.tensors.at("a/kernel").type, "float32");
  EXPECT_EQ(source.tensors.at("a/kernel").read(), (std::vector<float>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(source.tensors.at("a/kernel_2").read(), std::vector<float>{7});
  EXPECT_TRUE(source.tensors.at("b").read().empty());
  EXPECT_EQ(source.others.at("global_step"), "a count of steps");
}

TEST(TensorBundle, ReadsElementsOfEveryNumericType) {
  struct Case {
    uint64_t type;
    std::string name, bytes;
    float value;
  };
  const std::vector<Case> cases{{2, "float64", fixed(0xbff8000000000000, 8), -1.5F},
                                {3, "int32", fixed(static_cast<uint32_t>(-7), 4), -7},
                                {4, "uint8", "\xff", 255},
                                {5, "int16", fixed(static_cast<uint16_t>(-2), 2), -2},
                                {6, "int8", "\xff", -1},
                                {9, "int64", fixed(static_cast<uint64_t>(-9), 8), -9},
                                {10, "bool", "\x01", 1},
                                {14, "bfloat16", fixed(0x3fc0, 2), 1.5F},
                                {17, "uint16", fixed(0xffff, 2), 65535},
                                {19, "float16", fixed(0x3e00, 2), 1.5F},
                                {22, "uint32", fixed(0x80000000, 4), 2147483648.0F},
                                {23, "uint64", fixed(3, 8), 3}};
  for (const Case& each : cases) {
    BundleWriter writer;
    writer.add("x", each.type, {1}, each.bytes);
    const SourceTensors source = writer.parse();
    EXPECT_EQ(source.tensors.at("x").type, each.name);
    EXPECT_EQ(source.tensors.at("x").read(), std::vector<float>{each.value}) << each.name;
  }
}

TEST(TensorBundle, ObjectGraphGivesFullNamesAndTheOptimizersVariables) {
  BundleWriter writer;
  writer.add_floats(key("backbone/layer_with_weights-0/kernel"), {1}, {1});
  writer.add_floats(key("slot/of/an/odd/name"), {1}, {2});
  writer.add_floats(key("optimizer/learning_rate"), {}, {3});
  writer.add_text(key("note"), "text");
  const std::string slot = number_field(1, 1) + bytes_field(2, "momentum") + number_field(3, 2);
  writer.add_text(std::string(kGraph),
                  bytes_field(1, bytes_field(3, slot)) +
                      bytes_field(1, variable_node("conv2d_7/kernel", "backbone/layer_with_weights-0/kernel")) +
                      bytes_field(1, variable_node("SGD/conv2d_7/kernel/momentum", "slot/of/an/odd/name")));
  const SourceTensors source = writer.parse();
  ASSERT_EQ(source.tensors.size(), 1U);
  EXPECT_EQ(source.tensors.at("backbone/layer_with_weights-0/kernel").full_name, "conv2d_7/kernel");
  EXPECT_EQ(source.others.at("slot/of/an/odd/name"), "the optimizer's momentum");
  EXPECT_EQ(source.others.at("optimizer/learning_rate"), "the optimizer's");
  EXPECT_EQ(source.others.at("note"), "text");
}

TEST(TensorBundle, VariablesOfOlderOptimizersAreKnownByTheirNames) {
  BundleWriter writer;
  for (const char* name : {"conv2d/kernel", "conv2d/kernel/Momentum", "conv2d/kernel/ExponentialMovingAverage",
                           "a/.OPTIMIZER_SLOT/optimizer/m", "Momentum_of_nothing"}) {
    writer.add_floats(name, {}, {0});
  }
  const SourceTensors source = writer.parse();
  EXPECT_EQ(source.tensors.size(), 2U);
  EXPECT_EQ(source.others.size(), 3U);
  ASSERT_EQ(source.averages.size(), 1U);
  EXPECT_EQ(source.averages.at("conv2d/kernel").read(), std::vector<float>{0});
}

TEST(TensorBundle, EveryTruncationOfTheIndexIsRefused) {
  const BundleWriter writer = small_bundle();
  const std::string index = writer.index();
  for (size_t size = 0; size < index.size(); ++size) {
    EXPECT_FALSE(refusal([&] { parse_tensor_bundle(index.substr(0, size), writer.open(), "test.index"); }).empty())
        << size;
  }
}

TEST(TensorBundle, NoFlippedByteOfTheIndexChangesAValue) {
  const BundleWriter writer = small_bundle();
  const std::string index = writer.index();
  for (size_t at = 0; at < index.size(); ++at) {
    std::string broken = index;
    broken[at] = static_cast<char>(broken[at] ^ 0x10);
    const std::string message = refusal([&] {
      const SourceTensors source = parse_tensor_bundle(broken, writer.open(), "test.index");
      EXPECT_EQ(source.tensors.at("a/kernel").read(), (std::vector<float>{1, 2, 3, 4, 5, 6})) << at;
    });
    EXPECT_TRUE(message.empty() || message.starts_with("test.index")) << message;
  }
}

TEST(TensorBundle, WrongChecksumsAreNamed) {
  BundleWriter data = small_bundle();
  data.data[0] ^= 1;
  expect_refused([&] { data.parse().tensors.at("a/kernel").read(); }, "the checksum of tensor \"a/kernel\" is wrong");

  BundleWriter text;
  text.add_text(std::string(kGraph), "");
  text.data[1] ^= 1;
  expect_refused([&] { text.parse(); }, "the checksum of \"_CHECKPOINTABLE_OBJECT_GRAPH\" is wrong");

  const BundleWriter whole = small_bundle();
  std::string index = whole.index();
  index[3] ^= 1;
  expect_refused([&] { parse_tensor_bundle(index, whole.open(), "test.index"); },
                 "the checksum of the block at byte 0");
}

TEST(TensorBundle, PlacesAndSizesOutsideTheDataAreRefused) {
  struct Case {
    std::string fields;  // beside the place
    uint64_t offset, size;
    std::string_view message;
  };
  const std::string one = bytes_field(2, bytes_field(2, number_field(1, 1)));
  const std::string minus = bytes_field(2, bytes_field(2, number_field(1, static_cast<uint64_t>(-4))));
  const std::string huge = bytes_field(
      2, bytes_field(2, number_field(1, uint64_t{1} << 40)) + bytes_field(2, number_field(1, uint64_t{1} << 40)));
  const std::vector<Case> cases{
      {one, 1, 4, "4 bytes at byte 1 of data file 0, which has 4 bytes"},
      {one, UINT64_MAX, 4, "which has 4 bytes"},
      {one, 0, UINT64_MAX, "which has 4 bytes"},
      {one, 0, 3, "has the shape [1], but 3 bytes"},
      {minus, 0, 4, "has the shape [-4]"},
      {huge, 0, 4, "has the shape [1099511627776, 1099511627776]"},
      {one + number_field(3, 1), 0, 4, "is in data file 1 of 1"},
  };
  for (const Case& each : cases) {
    BundleWriter writer;
    writer.data = "1234";
    writer.entries["x"] = number_field(1, 1) + each.fields + number_field(4, each.offset) + number_field(5, each.size);
    expect_refused([&] { writer.parse(); }, each.message);
  }
}

TEST(TensorBundle, WhatCannotBeReadSaysWhyWhenItIsWanted) {
  BundleWriter writer;
  writer.add_entry("sliced", number_field(1, 1) + bytes_field(7, ""), "", 0);
  writer.add_entry("complex", number_field(1, 8), "12345678", 0);
  writer.add_entry("later", number_field(1, 99), "1", 0);
  writer.add_entry("no_shape", number_field(1, 1) + bytes_field(2, number_field(3, 1)), "", 0);
  writer.entries[std::string("\0slice", 6)] = "";
  const SourceTensors source = writer.parse();
  EXPECT_EQ(source.tensors.size(), 4U);
  expect_refused([&] { source.tensors.at("sliced").read(); }, "is stored in slices");
  expect_refused([&] { source.tensors.at("complex").read(); }, "has elements of complex64");
  expect_refused([&] { source.tensors.at("later").read(); }, "has elements of type 99");
  expect_refused([&] { source.tensors.at("no_shape").read(); }, "has an unknown shape");
}

TEST(TensorBundle, HeadersOfAnotherKindAreRefused) {
  const auto with_header = [](const std::string& header) {
    BundleWriter writer = small_bundle();
    writer.entries[""] = header;
    return writer;
  };
  expect_refused([&] { with_header("").parse(); }, "0 data files");
  expect_refused([&] { with_header(number_field(1, 1'000'000)).parse(); }, "1000000 data files");
  expect_refused([&] { with_header(number_field(1, 1) + number_field(2, 1)).parse(); }, "big-endian");
  expect_refused([&] { with_header(number_field(1, 1) + bytes_field(3, number_field(2, 2))).parse(); }, "version 2");
  expect_refused([&] { with_header("\x0a").parse(); }, "cut off");
  BundleWriter none = small_bundle();
  none.entries.erase("");
  expect_refused([&] { none.parse(); }, "no header");
}

TEST(TensorBundle, BrokenTablesAreRefused) {
  const BundleWriter writer = small_bundle();
  const auto parse = [&](const std::string& index) { parse_tensor_bundle(index, writer.open(), "test.index"); };
  expect_refused([&] { parse(writer.index(3, 1)); }, "compressed (snappy)");
  expect_refused([&] { parse(std::string(48, 'x')); }, "not the index of a TensorFlow checkpoint");
  expect_refused([&] { parse(fixture::bundle::table({{"b", ""}, {"a", ""}}, 1)); }, "not in ascending order");
  expect_refused([&] { parse(fixture::bundle::table({{"a", ""}, {"a", ""}})); }, "not in ascending order");
  expect_refused([&] { parse(fixture::bundle::table({{std::string(5000, 'k'), ""}})); }, "longer than 4096");
  // Keys that share all but their end: a few bytes in the file, 4096 here.
  std::vector<std::pair<std::string, std::string>> keys;
  for (int i = 0; i < 300; ++i) keys.emplace_back(std::string(4090, 'k') + fmt::format("{:03}", i), "");
  expect_refused([&] { parse(fixture::bundle::table(keys, 1000)); }, "its keys are longer than 16 times the file");
}

TEST(TensorBundle, BrokenObjectGraphsAreRefused) {
  const auto with_graph = [](const std::string& graph) {
    BundleWriter writer;
    writer.add_text(std::string(kGraph), graph);
    return writer;
  };
  expect_refused([&] { with_graph("\x0a\x05").parse(); }, "field 1 has 5 bytes, but 0 follow");
  expect_refused([&] { with_graph(number_field(1, 3)).parse(); }, "field 1 is a number where text is needed");
  expect_refused([&] { with_graph(bytes_field(1, bytes_field(3, number_field(3, 9)))).parse(); },
                 "a slot variable is object 9 of 1");
  expect_refused([&] { with_graph("\x0b").parse(); }, "unknown kind 3");
  expect_refused([&] { with_graph(std::string(11, '\xff')).parse(); }, "too long");
  // Two bytes of the file for each object, or each variable of one object.
  std::string many, one;
  for (int i = 0; i < 500'001; ++i) {
    many += std::string("\x0a\0", 2);
    one += std::string("\x12\0", 2);
  }
  expect_refused([&] { with_graph(many).parse(); }, "more than 500000 objects and variables");
  expect_refused([&] { with_graph(bytes_field(1, one)).parse(); }, "more than 500000 objects and variables");
}

TEST(TensorBundle, IsFoundByItsPrefixItsIndexAndItsData) {
  const fixture::ScratchFolder folder;
  const BundleWriter writer = small_bundle();
  fixture::put_file(folder / "ckpt-1.index", writer.index());
  fixture::put_file(folder / "ckpt-1.data-00000-of-00001", writer.data);
  for (const char* name : {"ckpt-1", "ckpt-1.index", "ckpt-1.data-00000-of-00001"}) {
    ASSERT_TRUE(is_tensor_bundle(folder / name)) << name;
    EXPECT_EQ(read_tensor_bundle(folder / name).tensors.at("a/kernel_2").read(), std::vector<float>{7});
  }
  EXPECT_EQ(tensor_bundle_files(folder / "ckpt-1").size(), 2U);
  EXPECT_TRUE(tensor_bundle_files(folder / "ckpt-2").empty());
  EXPECT_FALSE(is_tensor_bundle(folder / "ckpt-2"));
  EXPECT_FALSE(is_tensor_bundle(folder.path()));
}

TEST(TensorBundle, AMissingDataFileIsNamed) {
  const fixture::ScratchFolder folder;
  fixture::put_file(folder / "ckpt-1.index", small_bundle().index());
  const std::string message = refusal([&] { read_tensor_bundle(folder / "ckpt-1"); });
  EXPECT_NE(message.find("ckpt-1.data-00000-of-00001: cannot read"), std::string::npos) << message;
}

}  // namespace
}  // namespace spinenet::formats
