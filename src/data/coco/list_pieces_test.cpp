#include "data/coco/list_pieces.h"

#include <cstddef>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/random.h"
#include "data/coco/coco.h"
#include "data/coco/coco_fixture.h"

namespace spinenet::data {
namespace {

constexpr size_t kInOneGo = std::numeric_limits<size_t>::max();

// What reading gives, as text, or what it says.
std::string outcome(const std::function<std::string()>& read) {
  try {
    return read();
  } catch (const Error& error) {
    return std::string("refused: ") + error.what();
  }
}

std::string annotations_of(const std::string& text, size_t piece_bytes, DataPolicy policy = DataPolicy::strict,
                           bool segmentations = true) {
  return outcome([&] {
    CocoReadOptions options;
    options.policy = policy;
    options.segmentations = segmentations;
    options.limits.max_string_bytes = 500;
    options.pieces = {piece_bytes, 2};
    Skipped skipped;
    std::string all = to_json(parse_coco(text, "t.json", options, &skipped)).dump();
    for (const auto& [code, count] : skipped.faults) all += fmt::format(" {} {}x", code, count);
    return all + fmt::format(" {} {}", skipped.images, skipped.annotations);
  });
}

std::string results_of(const std::string& text, size_t piece_bytes) {
  detect::Annotations truth;
  truth.images = {{1, "a.png", 100, 200}, {2, "b.png", 10, 20}};
  return outcome([&] { return results_to_text(parse_results(text, "r.json", truth, {}, {piece_bytes, 2})); });
}

void expect_as_in_one_go(const std::string& text) {
  for (const size_t bytes : {size_t{1}, size_t{40}, size_t{170}, text.size() / 2}) {
    for (const bool segmentations : {true, false}) {
      for (const DataPolicy policy : {DataPolicy::strict, DataPolicy::skip}) {
        EXPECT_EQ(annotations_of(text, bytes, policy, segmentations),
                  annotations_of(text, kInOneGo, policy, segmentations))
            << text;
      }
    }
    EXPECT_EQ(results_of(text, bytes), results_of(text, kInOneGo)) << text;
  }
}

bool is_refused(const std::string& outcome) {
  return outcome.starts_with("refused: ");
}

// Sound annotations with all that could be taken for the border of two entries.
std::string nasty_list() {
  const std::vector<std::string> rests{
      "",
      R"(,"note":"},{")",
      R"(,"note":"a \" } , { \\")",
      R"(,"note":"\\\"},{\"id\":1}, {","more":[{"a":1},{"b":[2]}])",
      R"(,"segmentation":[[1,2,30.5,4,5,6],[1.25,2,3,4.5,-0.5,60]])",
      R"(,"segmentation":{"size":[100,200],"counts":[100,50,19850]})",
      R"(,"segmentation":[],"note":"]}, \u007b\u007d \"segmentation\":[[")",
      R"( , "o" : { "segmentation" : [ 1 , 2 ] } )",
  };
  std::string list;
  for (int id = 1; id <= 24; ++id) {
    list += id == 1 ? "" : (id % 3 == 0 ? ",\n " : ",");
    list += fixture::box(id, "[10,20,30,40]", "1200", rests[static_cast<size_t>(id) % rests.size()]);
  }
  return list;
}

std::string result(std::string_view rest) {
  return fmt::format(R"({{"image_id":1,"category_id":1,"score":0.5{}}})", rest);
}

std::string nasty_results() {
  const std::vector<std::string> rests{
      R"(,"bbox":[1,2.5,3,4])",
      R"(,"bbox":[1,2,3,4],"note":"},{")",
      R"(,"bbox":[1,2,3,4],"note":[{"a":{}},{"b":"\"}, {"}])",
      R"(,"segmentation":{"size":[100,200],"counts":[100,50,19850]})",
  };
  std::string list = "[";
  for (size_t i = 0; i < 20; ++i) list += (i > 0 ? " , " : "") + result(rests[i % rests.size()]);
  return list + "]";
}

TEST(ListPieces, CutsAtBordersOfEntries) {
  const std::string text = R"( [{"a":1},{"b":2} , {"c":3}] )";
  const auto whole = cut_list(text, 5);
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->before, " [");
  EXPECT_EQ(whole->after, "] ");
  EXPECT_EQ(whole->pieces, (std::vector<std::string_view>{R"({"a":1})", R"({"b":2} )", R"( {"c":3})"}));
  EXPECT_FALSE(cut_list(text, 100));
  EXPECT_FALSE(cut_list("[", 0));
  EXPECT_FALSE(cut_list("", 0));
  EXPECT_FALSE(cut_list(R"({"a":[{},{}]})", 1));
}

TEST(ListPieces, FindsTheListOfTheRootsKey) {
  const std::string text = R"({"x":"list","y":{"list":[1]},"list":[{"a":[1]},{"b":2}],"z":[{"c":3}]})";
  const auto found = cut_list_of_key(text, "list", 1);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->before, R"({"x":"list","y":{"list":[1]},"list":[)");
  EXPECT_EQ(found->after, R"(],"z":[{"c":3}]})");
  EXPECT_EQ(found->pieces.size(), 2U);
  EXPECT_FALSE(cut_list_of_key(text, "y", 1));
  EXPECT_FALSE(cut_list_of_key(text, "none", 1));
  EXPECT_FALSE(cut_list_of_key(R"({"list":[{"a)", "list", 1));
  EXPECT_FALSE(cut_list_of_key(R"({"list)", "list", 1));
  EXPECT_FALSE(cut_list_of_key("\"", "list", 1));
}

TEST(ListPieces, AWrongCutIsSeen) {
  const auto list = cut_list(R"([{"a":"},{"},{"b":1}])", 1);
  ASSERT_TRUE(list);
  EXPECT_FALSE(read_pieces(*list, {}, 2, [](size_t, simdjson::dom::array) { return true; }));
}

TEST(ListPieces, EveryPieceIsReadOnceWhateverTheThreads) {
  std::string text = "[{}";
  for (int i = 1; i < 1000; ++i) text += ",{}";
  text += "]";
  const auto list = cut_list(text, 30);
  ASSERT_TRUE(list);
  for (const int threads : {0, 1, 3, 64}) {
    std::vector<size_t> counts(list->pieces.size());
    EXPECT_TRUE(read_pieces(*list, {}, threads, [&](size_t at, simdjson::dom::array values) {
      counts[at] += values.size();
      return true;
    }));
    size_t sum = 0;
    for (const size_t count : counts) sum += count;
    EXPECT_EQ(sum, 1000U);
  }
}

TEST(ListPieces, SoundFilesAreReadAsInOneGo) {
  for (const std::string& text :
       {fixture::coco(nasty_list()), nasty_results(),
        "{\"annotations\" : [" + nasty_list() + "] , \"images\":[" + std::string(fixture::kImage) +
            "],\"categories\":[" + std::string(fixture::kCategory) + "]}"}) {
    const bool results = text.front() == '[';
    EXPECT_FALSE(is_refused(results ? results_of(text, 64) : annotations_of(text, 64))) << text;
    expect_as_in_one_go(text);
  }
}

TEST(ListPieces, ATruncatedFileIsRefusedAsInOneGo) {
  for (const std::string& text : {fixture::coco(nasty_list()), nasty_results()}) {
    for (size_t size = 0; size < text.size(); size += 7) {
      const std::string part = text.substr(0, size);
      EXPECT_TRUE(is_refused(annotations_of(part, 64, DataPolicy::strict, false))) << part;
      expect_as_in_one_go(part);
    }
  }
}

TEST(ListPieces, AnyChangedByteIsReadOrRefusedAsInOneGo) {
  Random random(5);
  constexpr std::string_view kBytes = "\"\\{}[],:0-9.e \n\x80\xFFt";
  const std::vector<std::string> texts{fixture::coco(nasty_list()), nasty_results()};
  for (int i = 0; i < 600; ++i) {
    std::string text = texts[static_cast<size_t>(i) % 2];
    const auto at = static_cast<size_t>(random.below(static_cast<int64_t>(text.size())));
    const auto with = static_cast<size_t>(random.below(static_cast<int64_t>(kBytes.size())));
    if (i % 3 == 0) text.erase(at, 1);
    if (i % 3 == 1) text.insert(at, 1, kBytes[with]);
    if (i % 3 == 2) text[at] = kBytes[with];
    expect_as_in_one_go(text);
  }
}

TEST(ListPieces, FaultsOfEntriesAreToldAsInOneGo) {
  const std::string good = nasty_list();
  const std::string key_twice = R"(,"segmentation":[],"segmentation":[])";
  for (const std::string& rest :
       {std::string(R"(,"area":null)"), key_twice, R"(,"note":")" + std::string(600, 'x') + '"'}) {
    expect_as_in_one_go(fixture::coco(good + "," + fixture::box(99, "[1,2,3,4]", "12", rest)));
  }
  for (const std::string& entry :
       {fixture::sound_box(5), fixture::box(77, "[-20,20,30,40]", "1200"), fixture::box(77, "[10,20,30]", "1200"),
        fixture::box(77, "[10,20,0,40]", "0"), fixture::box(77, "[10,20,30,40]", "null"),
        fixture::box(77, "[10,20,30,40]", "-1"), fixture::box(77, "[10,20,1e400,40]", "1"), std::string("7")}) {
    expect_as_in_one_go(fixture::coco(good + "," + entry));
    expect_as_in_one_go(fixture::coco(entry + "," + good));
  }
  expect_as_in_one_go(fixture::coco(good, R"({"id":1,"file_name":"a.png","height":0,"width":200})"));
  expect_as_in_one_go(fixture::coco(good, fixture::kImage, R"({"id":1,"name":5})"));
  expect_as_in_one_go("\xEF\xBB\xBF" + fixture::coco(good));
  const std::string list = nasty_results();
  for (const std::string& entry : {result(""), result(R"(,"bbox":[1,2,3,4],"image_id":1)"), std::string("[]"),
                                   std::string(R"({"image_id":7,"category_id":1,"score":1,"bbox":[1,2,3,4]})")}) {
    expect_as_in_one_go("[" + entry + "," + list.substr(1));
    expect_as_in_one_go(list.substr(0, list.size() - 1) + "," + entry + "]");
  }
}

TEST(ListPieces, NumbersOfPolygonsThatNobodyReadsAreStillJson) {
  for (const std::string_view number :
       {"01",  "1.",   ".5", "-",  "+1", "1e",  "1e999", "-1e999", "0x1", "NaN",
        "1 2", "1,,2", "1,", "[1", "1]", "\"1", "1.2.3", "--1",    "tru", "99999999999999999999999"}) {
    const std::string rest = fmt::format(R"(,"segmentation":[[1,2,3,4,5,{}]])", number);
    const std::string text = fixture::coco(nasty_list() + "," + fixture::box(99, "[1,2,3,4]", "12", rest));
    EXPECT_TRUE(is_refused(annotations_of(text, 64, DataPolicy::strict, false))) << number;
    expect_as_in_one_go(text);
  }
  for (const std::string_view number : {"0", "-0", "0.0", "1e3", "12345678901234567", "0.12345678901234567890123",
                                        "true", "null", "{}", "[]", "\"x\"", "[[]]"}) {
    const std::string rest = fmt::format(R"(,"segmentation":[[1,2,3,4,5,{}]])", number);
    const std::string text = fixture::coco(nasty_list() + "," + fixture::box(99, "[1,2,3,4]", "12", rest));
    EXPECT_FALSE(is_refused(annotations_of(text, 64, DataPolicy::strict, false))) << number;
    expect_as_in_one_go(text);
  }
}

TEST(ListPieces, NestingIsLimitedAsInOneGo) {
  for (size_t levels = 56; levels < 68; ++levels) {
    for (const std::string_view key : {"note", "segmentation"}) {
      for (const std::string_view inside : {"", "1", "[]", "[1]", "{}"}) {
        const std::string deep =
            fmt::format(R"(,"{}":{}{}{})", key, std::string(levels, '['), inside, std::string(levels, ']'));
        const std::string in_object = fmt::format(R"(,"o":{}{{"segmentation":[{}]}}{})", std::string(levels, '['),
                                                  inside, std::string(levels, ']'));
        for (const std::string& rest : {deep, in_object}) {
          expect_as_in_one_go(fixture::coco(nasty_list() + "," + fixture::box(99, "[1,2,3,4]", "12", rest)));
          expect_as_in_one_go(nasty_results().insert(1, result(R"(,"bbox":[1,2,3,4])" + rest) + ","));
        }
      }
    }
  }
}

}  // namespace
}  // namespace spinenet::data
