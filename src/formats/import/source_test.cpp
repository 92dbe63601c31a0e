#include "formats/import/source.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/output_fixture.h"
#include "base/scratch_folder_fixture.h"
#include "formats/import/pytorch_fixture.h"
#include "formats/safetensors.h"

namespace spinenet::formats {
namespace {

TEST(Source, IsKnownByItsFirstBytes) {
  const fixture::ScratchFolder folder;
  write_safetensors(fixture::output(folder / "a.bin"), {{{"w", make_tensor({2}, 1)}}, {}});
  EXPECT_EQ(source_format(*FileBytes::open(folder / "a.bin")), SourceFormat::safetensors);
  EXPECT_EQ(source_format(*FileBytes::of(fixture::zip_file({{"a", "b"}}), "a.weights")), SourceFormat::pytorch);
  EXPECT_EQ(source_format(*FileBytes::of("anything", "a.weights")), SourceFormat::darknet);
  EXPECT_EQ(source_format(*FileBytes::of("anything", "csdarknet53-omega.conv.105")), SourceFormat::darknet);
  for (const char* other : {"a.pth", "a.conv.", "a.conv.x7", "a.weights.txt"}) {
    EXPECT_THROW(source_format(*FileBytes::of("anything", other)), Error) << other;
  }
  EXPECT_THROW(FileBytes::open(folder / "missing"), Error);
}

TEST(Source, OtherFilesOfWeightsAreToldWhatTheyAre) {
  const auto refusal = [](const std::string& bytes, const std::string& place) -> std::string {
    try {
      source_format(*FileBytes::of(bytes, place));
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::unsupported);
      return error.what();
    }
    return "known";
  };
  EXPECT_NE(refusal("{}", "model.safetensors.index.json").find("a file that holds the whole model"), std::string::npos);
  EXPECT_NE(refusal("\x80\x04}.", "model_final.pkl").find("a pickle of Python"), std::string::npos);
}

TEST(Source, PrefixesGoFromSafetensorsToo) {
  const fixture::ScratchFolder folder;
  write_safetensors(fixture::output(folder / "a"), {{{"model.w", make_tensor({2}, 1)}}, {}});
  EXPECT_TRUE(read_safetensors_source(FileBytes::open(folder / "a")).tensors.contains("w"));
}

TEST(Source, SafetensorsAreReadOneTensorAtATime) {
  const std::string header =
      R"({"a":{"dtype":"BF16","shape":[2,1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[],"data_offsets":[4,8]}})";
  const std::string bytes = fixture::number_bytes(static_cast<uint64_t>(header.size())) + header +
                            fixture::bytes_of<uint16_t>({0x3FC0, 0xC000}) + fixture::number_bytes(7.0F);
  const SourceTensors source = read_safetensors_source(FileBytes::of(bytes, "a.safetensors"));
  EXPECT_EQ(source.tensors.at("a").shape, (std::vector<int64_t>{2, 1}));
  EXPECT_EQ(source.tensors.at("a").type, "BF16");
  EXPECT_EQ(source.tensors.at("a").read(), (std::vector<float>{1.5F, -2}));
  EXPECT_EQ(source.tensors.at("b").read(), (std::vector<float>{7}));
  EXPECT_THROW(read_safetensors_source(FileBytes::of(bytes.substr(0, bytes.size() - 1), "a")), Error);
}

TEST(Source, AModelOfThisProgramNeedsNoImport) {
  const fixture::ScratchFolder folder;
  write_safetensors(fixture::output(folder / "m"), {{{"w", make_tensor({2}, 1)}}, {{"format", "spinenet model"}}});
  try {
    read_safetensors_source(FileBytes::open(folder / "m"));
    FAIL() << "read";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("a model of spinenet already"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace spinenet::formats
