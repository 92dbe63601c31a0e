#include "formats/stored_model.h"

#include <cstring>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "base/output_fixture.h"
#include "base/scratch_folder_fixture.h"

namespace spinenet::formats {
namespace {

ModelFile small_model() {
  ModelFile model;
  model.architecture = Json::object();
  model.classes = {{3, "apple"}};
  model.image_size = 64;
  model.weights["a"] = {{2, 2}, {1, -2, 3.5F, 4}};
  model.weights["b"] = {{3}, {5, 6, 7}};
  model.extra["note"] = "kept";
  return model;
}

class StoredModelTest : public testing::Test {
 protected:
  StoredModel stored(const ModelFile& model) {
    write_model(fixture::output(file_), model);
    return StoredModel(file_);
  }

  fixture::ScratchFolder folder_;
  std::filesystem::path file_ = folder_ / "m.safetensors";
};

void expect_weights(const StoredModel& stored, const Weights& expected) {
  ASSERT_EQ(stored.weights().size(), expected.size());
  for (const auto& [name, tensor] : expected) {
    const TensorView& view = stored.weights().at(name);
    EXPECT_EQ(view.shape, tensor.shape);
    EXPECT_EQ(std::vector<float>(view.data.begin(), view.data.end()), tensor.data) << name;
  }
}

TEST_F(StoredModelTest, SaysWhatReadModelSays) {
  const ModelFile model = small_model();
  const StoredModel found = stored(model);
  expect_weights(found, model.weights);
  EXPECT_TRUE(found.file().weights.empty());
  EXPECT_EQ(found.file().extra, read_model(file_).extra);
  EXPECT_EQ(found.file().classes, model.classes);
  found.check_values();
  found.release(found.weights().at("a").data);
  expect_weights(found, model.weights);
}

TEST_F(StoredModelTest, LooksAtTheValuesWhenAskedTo) {
  write_model(fixture::output(file_), small_model());
  std::string bytes = read_file(file_);
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  fixture::put_file(file_, bytes);
  EXPECT_THROW(StoredModel(file_).check_values(), Error);
  EXPECT_THROW(read_model(file_), Error);
}

TEST_F(StoredModelTest, TellsContentsApart) {
  ModelFile model = small_model();
  const std::string before = stored(model).content();
  EXPECT_EQ(stored(model).content(), before);
  model.weights["b"].data[1] += 1;
  EXPECT_NE(stored(model).content(), before);
}

// Another program's file: numbers of 16 bits, and floats that begin at an odd place.
TEST_F(StoredModelTest, CopiesWhatAreNoFloatsInTheirPlace) {
  write_model(fixture::output(file_), small_model());
  const std::string ours = read_file(file_);
  uint64_t length = 0;
  std::memcpy(&length, ours.data(), sizeof length);
  Json header = Json::parse(ours.substr(8, length));
  for (const char* key : {"checksum", "header_checksum"}) header["__metadata__"].erase(key);
  header["a"] = {{"dtype", "BF16"}, {"shape", {1}}, {"data_offsets", {0, 2}}};
  header["b"] = {{"dtype", "F32"}, {"shape", {1}}, {"data_offsets", {2, 6}}};
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  length = text.size();
  std::string file(sizeof length, '\0');
  std::memcpy(file.data(), &length, sizeof length);
  const float seven = 7;
  std::string data("\x80\x3f", 2);
  data.append(reinterpret_cast<const char*>(&seven), sizeof seven);
  fixture::put_file(file_, file + text + data);
  const StoredModel found(file_);
  found.check_values();
  expect_weights(found, {{"a", {{1}, {1}}}, {"b", {{1}, {7}}}});
}

}  // namespace
}  // namespace spinenet::formats
