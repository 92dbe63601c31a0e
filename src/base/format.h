// fmt::format, under one roof: the C++20 standard library of g++ 12 has no std::format yet.
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>
