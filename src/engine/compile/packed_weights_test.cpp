#include "engine/compile/packed_weights.h"

#include <cstring>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "base/output_fixture.h"
#include "base/scratch_folder_fixture.h"
#include "base/wide_checksum.h"
#include "engine/test_networks.h"
#include "graph/lower.h"

namespace spinenet::engine {
namespace {

using fixture::put_file;
using fixture::ScratchFolder;

constexpr std::string_view kLayout = "fp32 portable 16\nconv direct fp32\n";
const std::vector<float> kValues{1, 2, 3, -4.5F, 0};

std::string file_of(const std::vector<float>& values, std::string_view key = kLayout) {
  return packed_header({key, values}) +
         std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
}

PackedStore store_in(const ScratchFolder& folder, std::string content = "1234 5") {
  return {folder / "cache", folder / "model.safetensors", content, [content] { return content; }};
}

void keep(const PackedStore& store, const std::vector<float>& values = kValues, std::string_view layout = kLayout) {
  keep_packed(take_packed_folder(store), store, layout, values);
}

std::vector<float> found(const PackedStore& store, size_t count = kValues.size(), std::string_view layout = kLayout) {
  const auto values = find_packed(store, layout, count);
  return values == nullptr ? std::vector<float>() : std::vector<float>(values.get(), values.get() + count);
}

std::filesystem::path only_file(const PackedStore& store) {
  std::filesystem::path only;
  for (const auto& entry : std::filesystem::directory_iterator(store.folder)) {
    if (entry.path().extension() == ".packed") only = entry.path();
  }
  return only;
}

TEST(PackedWeights, AreReadAsTheyWereWritten) {
  const std::string file = file_of(kValues);
  const auto parsed = parse_packed(file);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->key, kLayout);
  EXPECT_EQ(std::vector<float>(parsed->values.begin(), parsed->values.end()), kValues);
  EXPECT_TRUE(parse_packed(file_of({}, "")));
}

TEST(PackedWeights, AreRefusedWhereABitIsOther) {
  const std::string file = file_of(kValues);
  for (size_t at = 0; at < file.size(); ++at) {
    std::string damaged = file;
    damaged[at] = static_cast<char>(damaged[at] ^ 4);
    EXPECT_FALSE(parse_packed(damaged)) << at;
  }
  for (size_t size = 0; size < file.size(); size += 7) EXPECT_FALSE(parse_packed(std::span(file).first(size))) << size;
  EXPECT_FALSE(parse_packed(file + std::string(4, '\0')));
}

TEST(PackedWeights, AreNotKeptOfAModelThatChangedOnTheWay) {
  const ScratchFolder folder;
  PackedStore store = store_in(folder);
  store.content_now = [] { return "another"; };
  keep(store);
  EXPECT_TRUE(found(store).empty());
  EXPECT_TRUE(only_file(store).empty());
}

TEST(PackedWeights, AreFoundForTheSameContentAndLayoutAlone) {
  const ScratchFolder folder;
  const PackedStore store = store_in(folder);
  EXPECT_TRUE(found(store).empty());
  EXPECT_FALSE(std::filesystem::exists(store.folder)) << "looking makes nothing";
  keep(store);
  EXPECT_EQ(found(store), kValues);
  EXPECT_TRUE(found(store_in(folder, "another")).empty());
  EXPECT_TRUE(found(store, kValues.size(), "another layout").empty());
  EXPECT_TRUE(found(store, kValues.size() - 1).empty());
}

TEST(PackedWeights, OfAChangedModelTakeThePlaceOfTheFormer) {
  const ScratchFolder folder;
  keep(store_in(folder));
  const auto before = only_file(store_in(folder));
  const PackedStore changed = store_in(folder, "another");
  keep(changed, {7});
  EXPECT_EQ(only_file(changed), before);
  EXPECT_EQ(found(changed, 1), std::vector<float>{7});
  EXPECT_TRUE(found(store_in(folder)).empty());
}

TEST(PackedWeights, ThatAreDamagedAreWrittenAgain) {
  const ScratchFolder folder;
  const PackedStore store = store_in(folder);
  keep(store);
  const std::filesystem::path file = only_file(store);
  for (const std::string& content : {read_file(file).substr(0, 4100), std::string("not packed"), std::string()}) {
    put_file(file, content);
    EXPECT_TRUE(found(store).empty());
    keep(store);
    EXPECT_EQ(found(store), kValues);
  }
}

TEST(PackedWeights, StayAsTheyAreWhileTheirFileIsReplaced) {
  const ScratchFolder folder;
  const PackedStore store = store_in(folder);
  keep(store);
  const auto values = find_packed(store, kLayout, kValues.size());
  ASSERT_NE(values, nullptr);
  keep(store_in(folder, "another"), {9, 9, 9, 9, 9});
  std::filesystem::remove_all(store.folder);
  EXPECT_EQ(std::vector<float>(values.get(), values.get() + kValues.size()), kValues);
}

TEST(PackedWeights, TakeNoFolderOfSomebodyElse) {
  const ScratchFolder folder;
  const PackedStore store = store_in(folder);
  std::filesystem::create_directories(store.folder);
  put_file(store.folder / "notes.txt", "mine");
  try {
    keep(store);
    FAIL() << "took it";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
  }
  EXPECT_EQ(read_file(store.folder / "notes.txt"), "mine");
}

TEST(PackedWeights, MayBeWrittenBySeveralAtOnce) {
  const ScratchFolder folder;
  const PackedStore store = store_in(folder);
  std::vector<std::thread> writers;
  for (int i = 0; i < 4; ++i) {
    writers.emplace_back([&] {
      for (int round = 0; round < 5; ++round) {
        keep(store);
        EXPECT_EQ(found(store), kValues);
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
}

// A sum of all that is packed of a network, by the kernels that every processor has.
uint64_t sum_of_packed(Precision precision) {
  const ScratchFolder folder;
  const PackedStore store = store_in(folder);
  const graph::Program program =
      graph::lower_detector(slim("spinenet-49s"), {.height = 128, .width = 128, .classes = 3});
  const Weights weights = lively_weights(program, 3);
  const auto image = [](int64_t) { return random_tensor({1, 3, 128, 128}, 5).data; };
  CompileOptions options{.instructions = "portable", .precision = precision, .packed = &store};
  Calibration calibration;
  if (precision == Precision::int8) {
    calibration = calibrate(program, weights, {1, image}, {.layer_error = 1, .output_error = 1});
    options.calibration = &calibration;
  }
  compile(program, weights, options);
  const std::string file = read_file(only_file(store));
  const auto parsed = parse_packed(file);
  EXPECT_TRUE(parsed);
  return parsed ? wide_checksum({reinterpret_cast<const char*>(parsed->values.data()), parsed->values.size_bytes()})
                : 0;
}

// Whoever packs otherwise raises kPackingVersion and puts the new sums here: else files of the former packing would be
// taken for those of this one.
TEST(PackedWeights, OfThisVersionAreThese) {
  EXPECT_EQ(kPackingVersion, 1);
  EXPECT_EQ(sum_of_packed(Precision::fp32), 7707250740840459817U);
  EXPECT_EQ(sum_of_packed(Precision::int8), 10235654020437567108U);
}

}  // namespace
}  // namespace spinenet::engine
