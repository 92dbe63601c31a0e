#include "formats/import/strided_tensor.h"

#include <gtest/gtest.h>

#include "formats/import/pytorch_fixture.h"

namespace spinenet::formats {
namespace {

// More than one piece, and a type that is converted.
TEST(StridedTensor, LongRowsAreReadPieceByPiece) {
  std::vector<int16_t> numbers(600'000);
  for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<int16_t>(i);
  const auto file = FileBytes::of("ab" + fixture::bytes_of(numbers), "f");
  const StridedTensor tensor = row_major_tensor({ElementType::i16, 2, numbers.size()}, {600, 1000});
  const std::vector<float> values = read_strided(*file, tensor);
  ASSERT_EQ(values.size(), numbers.size());
  for (size_t i = 0; i < numbers.size(); ++i) ASSERT_EQ(values[i], static_cast<float>(numbers[i])) << i;
}

TEST(StridedTensor, AShortFileIsAnError) {
  const StridedTensor tensor = row_major_tensor({ElementType::f32, 0, 2}, {2});
  EXPECT_THROW(read_strided(*FileBytes::of("seven b", "f"), tensor), std::exception);
}

TEST(StridedTensor, EmptyShapesHaveNoElements) {
  const StridedTensor tensor = row_major_tensor({ElementType::f32, 0, 0}, {0, int64_t{1} << 62, 4});
  EXPECT_TRUE(read_strided(*FileBytes::of("", "f"), tensor).empty());
}

}  // namespace
}  // namespace spinenet::formats
