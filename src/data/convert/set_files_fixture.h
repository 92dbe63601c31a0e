// Files of data sets that tests write, and what is refused.
//
// Thread contract: pure functions but for what they write.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/output_fixture.h"
#include "image/encode.h"

namespace spinenet::data::fixture {

inline void put(const std::filesystem::path& file, std::string_view text) {
  std::filesystem::create_directories(file.parent_path());
  spinenet::fixture::put_file(file, text);
}

inline void put_image(const std::filesystem::path& file, int64_t height, int64_t width) {
  put(file, image::encode_png(image::make_image(static_cast<int>(height), static_cast<int>(width))));
}

template <class Work>
std::string refusal(Work&& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace spinenet::data::fixture

#define EXPECT_REFUSED(work, part)                                                   \
  {                                                                                  \
    const std::string message = ::spinenet::data::fixture::refusal([&] { work; });   \
    EXPECT_NE(message.find(part), std::string::npos) << message << " for " << #work; \
  }
