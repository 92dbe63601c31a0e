#include "data/coco/coco_check.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "data/coco/coco.h"
#include "data/coco/coco_fixture.h"

namespace spinenet::data {
namespace {

using fixture::box;
using fixture::coco;
using fixture::sound_box;
using Counts = std::map<std::string, int64_t>;

// Exactly one kind of fault, first at this place; E faults refuse the file, W faults do not.
void expect_only(const std::string& text, const std::string& code, const std::string& place, int64_t count = 1) {
  const CheckReport report = check_coco_text(text);
  EXPECT_EQ(report.counts, (Counts{{code, count}})) << text.substr(0, 300);
  ASSERT_FALSE(report.findings.empty());
  const Finding& first = report.findings.front();
  EXPECT_EQ(first.code, code);
  EXPECT_EQ(first.place, place) << first.message;
  EXPECT_FALSE(first.message.empty());
  EXPECT_FALSE(first.remedy.empty());
  if (first.severity == Severity::warning) {
    EXPECT_NO_THROW(parse_coco(text, "t.json"));
    return;
  }
  try {
    parse_coco(text, "t.json");
    ADD_FAILURE() << "read in spite of " << code;
  } catch (const Error& error) {
    const std::string what = error.what();
    EXPECT_EQ(error.kind(), ErrorKind::bad_data);
    EXPECT_EQ(what.rfind("t.json: ", 0), 0U) << what;
    EXPECT_NE(what.find(code), std::string::npos) << what;
    EXPECT_NE(what.find(place), std::string::npos) << what;
  }
}

// The repaired copy has none of these faults left; returns the copy.
std::string expect_fixed(const std::string& text, const Counts& repaired) {
  std::string copy;
  const FixReport report = fix_coco_text(text, {}, copy);
  EXPECT_EQ(report.repaired, repaired);
  EXPECT_EQ(check_coco_text(copy).counts, Counts()) << copy;
  EXPECT_NO_THROW(parse_coco(copy, "copy"));
  return copy;
}

TEST(CocoCheck, SoundFileHasNoFindings) {
  const CheckReport report = check_coco_text(coco(sound_box()));
  EXPECT_EQ(report.counts, Counts());
  EXPECT_EQ(report.errors + report.warnings, 0);
  EXPECT_EQ(report.images, 1);
  EXPECT_EQ(report.annotations, 1);
  EXPECT_EQ(report.categories, 1);
}

TEST(CocoCheck, D001NotJsonOrCutOff) {
  const std::string whole = coco(sound_box());
  expect_only(whole.substr(0, whole.find("\"bbox\"") + 8), "D001", "/annotations/0/bbox/0");
  expect_only("image,x,y\n1,2,3\n", "D001", "");
  expect_only(whole + "}", "D001", "");
  EXPECT_NE(check_coco_text("{\"images\":\n  [1 2]}").findings.front().message.find("line 2, column 6"),
            std::string::npos);
}

// Every cut of a sound text is refused as cut off (or empty), never read in part.
TEST(CocoCheck, EveryPrefixIsRefused) {
  const std::string whole = coco(sound_box());
  for (size_t n = 0; n < whole.size(); ++n) {
    const CheckReport report = check_coco_text(whole.substr(0, n));
    EXPECT_EQ(report.counts, (Counts{{n == 0 ? "D002" : "D001", 1}})) << n;
  }
}

TEST(CocoCheck, D002EmptyFile) {
  expect_only("", "D002", "");
  expect_only(" \n\t\r\n", "D002", "");
}

TEST(CocoCheck, D003ByteOrderMark) {
  const std::string text = std::string("\xEF\xBB\xBF") + coco(sound_box());
  expect_only(text, "D003", "");
  EXPECT_EQ(expect_fixed(text, {{"D003", 1}}).front(), '{');
}

TEST(CocoCheck, D004TrailingCommaOrComment) {
  expect_only(coco(sound_box() + ","), "D004", "/annotations/1");
  expect_only(coco(R"({"id":1,"bbox":[1,2,3,4,]})"), "D004", "/annotations/0/bbox/4");
  expect_only(coco(sound_box() + " // last one\n"), "D004", "/annotations/1");
  expect_only("# made by hand\n{}", "D004", "");
}

TEST(CocoCheck, D005NanOrInfinity) {
  for (const char* word : {"NaN", "Infinity", "-Infinity", "nan", "inf", "-nan"}) {
    const std::string text = coco(box(1, fmt::format("[1,2,{},4]", word), "8"));
    expect_only(text, "D005", "/annotations/0/bbox/2");
  }
  expect_only(coco(box(1, "[1,2,3,4]", "NaN")), "D005", "/annotations/0/area");
}

TEST(CocoCheck, D006DuplicateKey) {
  expect_only(coco(box(1, "[10,20,30,40]", "1200", ",\"id\":2")), "D006", "/annotations/0/id");
  expect_only(R"({"info":{"a/b":1,"a\/b":2},"images":[],"annotations":[],"categories":[]})", "D006", "/info/a~1b");
  std::string many = "{";
  for (int i = 0; i < 40; ++i) many += fmt::format("\"k{}\":0,", i);
  expect_only(R"({"images":[],"annotations":[],"categories":[],"info":)" + many + "\"k37\":1}}", "D006", "/info/k37");
}

TEST(CocoCheck, D007TooDeep) {
  const auto nested = [](int levels) {
    const auto n = static_cast<size_t>(levels - 1);
    return R"({"images":[],"annotations":[],"categories":[],"info":)" + std::string(n, '[') + std::string(n, ']') + "}";
  };
  EXPECT_EQ(check_coco_text(nested(63)).counts, Counts());
  EXPECT_EQ(check_coco_text(nested(65)).counts, (Counts{{"D007", 1}}));
  EXPECT_EQ(check_coco_text(std::string(1000000, '[')).counts, (Counts{{"D007", 1}}));
  EXPECT_THROW(parse_coco(nested(200), "t"), Error);
}

TEST(CocoCheck, D008OverTheLimit) {
  CheckOptions options;
  options.limits = {.max_file_bytes = 1000, .max_string_bytes = 20};
  const std::string image = R"({"id":1,"file_name":"a_name_of_over_twenty_bytes.png","height":100,"width":200})";
  const CheckReport report = check_coco_text(coco(sound_box(), image), {}, options);
  EXPECT_EQ(report.counts, (Counts{{"D008", 1}}));
  EXPECT_EQ(report.findings.front().place, "/images/0/file_name");
  const std::string large = coco(sound_box()) + std::string(1000, ' ');
  EXPECT_EQ(check_coco_text(large, {}, options).counts, (Counts{{"D008", 1}}));
  EXPECT_EQ(check_coco_text(large).counts, Counts());
}

TEST(CocoCheck, D009InvalidUtf8) {
  const auto named = [](const char* bytes) { return std::string(R"({"id":1,"name":")") + bytes + "\"}"; };
  for (const char* bytes : {"\xFF", "\xC0\xAF", "\xED\xA0\x80", "\xF5\x80\x80\x80", "caf\xE9"}) {
    expect_only(coco(sound_box(), fixture::kImage, named(bytes)), "D009", "/categories/0/name");
  }
  EXPECT_EQ(check_coco_text(coco(sound_box(), fixture::kImage, named("caf\xC3\xA9"))).counts, Counts());
}

TEST(CocoCheck, D010NotAnObject) {
  expect_only("[]", "D010", "");
  expect_only("\"coco\"", "D010", "");
  expect_only("12", "D010", "");
}

TEST(CocoCheck, D011ListMissing) {
  expect_only(R"({"images":[],"categories":[]})", "D011", "/annotations");
  expect_only(R"({"images":[],"annotations":{},"categories":[]})", "D011", "/annotations");
  EXPECT_EQ(check_coco_text("{}").counts, (Counts{{"D011", 3}}));
}

TEST(CocoCheck, D012BadId) {
  for (const char* id : {"\"7\"", "1.5", "-1", "9007199254740993", "18446744073709551615", "null", "true", "1e300"}) {
    const std::string annotation = std::string(R"({"id":)") + id +
                                   R"(,"image_id":1,"category_id":1,"bbox":[10,20,30,40],"area":1200,"iscrowd":0})";
    expect_only(coco(annotation), "D012", "/annotations/0/id");
  }
  const std::string string_image = R"({"id":1,"image_id":"1","category_id":1,"bbox":[1,2,3,4],"area":12,"iscrowd":0})";
  expect_only(coco(string_image), "D012", "/annotations/0/image_id");
  expect_only(coco("", R"({"id":"a.png","file_name":"a.png","height":1,"width":1})"), "D012", "/images/0/id");
  expect_only(coco("", fixture::kImage, R"({"name":"cat"})"), "D012", "/categories/0/id");
  expect_only(coco("17"), "D012", "/annotations/0");
  expect_only(coco(R"({"id":99999999999999999999999})"), "D012", "/annotations/0/id");
}

TEST(CocoCheck, IdsAtTheEdgesAreAccepted) {
  for (const char* id : {"0", "1.0", "2147483648", "9007199254740992"}) {
    const std::string annotation = std::string(R"({"id":)") + id +
                                   R"(,"image_id":1,"category_id":1,"bbox":[10,20,30,40],"area":1200,"iscrowd":0})";
    EXPECT_EQ(check_coco_text(coco(annotation)).counts, Counts()) << id;
  }
}

TEST(CocoCheck, D013DuplicateImageId) {
  const std::string images = std::string(fixture::kImage) + R"(,{"id":1,"file_name":"b.png","height":5,"width":5})";
  expect_only(coco(sound_box(), images), "D013", "/images/1/id");
}

TEST(CocoCheck, D014DuplicateAnnotationIdIsRenumbered) {
  const auto wide = [](int id, int width) {
    return box(id, fmt::format("[10,20,{},40]", width), std::to_string(40 * width));
  };
  const std::string text = coco(wide(7, 30) + "," + wide(7, 31) + "," + wide(9, 32) + "," + wide(7, 33));
  expect_only(text, "D014", "/annotations/1/id", 2);
  const detect::Annotations fixed = parse_coco(expect_fixed(text, {{"D014", 2}}), "copy");
  ASSERT_EQ(fixed.annotations.size(), 4U);
  EXPECT_EQ(fixed.annotations[0].id, 7);
  EXPECT_EQ(fixed.annotations[1].id, 10);
  EXPECT_EQ(fixed.annotations[3].id, 11);
}

TEST(CocoCheck, D014FreeIdsAreFoundBelowTheLargest) {
  const auto at = [](const char* id) {
    return fmt::format(R"({{"id":{},"image_id":1,"category_id":1,"bbox":[10,20,30,40],"area":1200,"iscrowd":0}})", id);
  };
  const std::string top = at("9007199254740992");
  const std::string other = box(1, "[1,2,3,4]", "12");
  std::string moved = top;
  moved.replace(moved.find("[10,20"), 6, "[11,21");
  const detect::Annotations fixed =
      parse_coco(expect_fixed(coco(other + "," + top + "," + moved), {{"D014", 1}}), "copy");
  EXPECT_EQ(fixed.annotations[2].id, 2);
}

TEST(CocoCheck, D015DuplicateCategoryId) {
  expect_only(coco(sound_box(), fixture::kImage, R"({"id":1,"name":"cat"},{"id":1,"name":"dog"})"), "D015",
              "/categories/1/id");
}

TEST(CocoCheck, D016DuplicateCategoryName) {
  expect_only(coco(sound_box(), fixture::kImage, R"({"id":1,"name":"cat"},{"id":3,"name":"cat"})"), "D016",
              "/categories/1/name");
  expect_only(coco(sound_box(), fixture::kImage, R"({"id":1})"), "D016", "/categories/0/name");
}

TEST(CocoCheck, D017UnknownImageIsDropped) {
  const std::string stray = R"({"id":2,"image_id":5,"category_id":1,"bbox":[10,20,30,40],"area":1200,"iscrowd":0})";
  const std::string text = coco(sound_box() + "," + stray);
  expect_only(text, "D017", "/annotations/1/image_id");
  EXPECT_EQ(parse_coco(expect_fixed(text, {{"D017", 1}}), "copy").annotations.size(), 1U);
}

TEST(CocoCheck, D018UnknownCategoryIsDropped) {
  const std::string stray = R"({"id":2,"image_id":1,"category_id":5,"bbox":[10,20,30,40],"area":1200,"iscrowd":0})";
  const std::string text = coco(sound_box() + "," + stray);
  expect_only(text, "D018", "/annotations/1/category_id");
  EXPECT_EQ(parse_coco(expect_fixed(text, {{"D018", 1}}), "copy").annotations.size(), 1U);
}

TEST(CocoCheck, D019BboxIsNotFourNumbers) {
  for (const char* bbox : {"[1,2,3]", "[1,2,3,4,5]", "[1,2,\"3\",4]", "[]", "null", "\"1 2 3 4\"", "[1,2,[3],4]"}) {
    expect_only(coco(box(1, bbox, "12")), "D019", "/annotations/0/bbox");
  }
  expect_only(coco(R"({"id":1,"image_id":1,"category_id":1,"area":12,"iscrowd":0})"), "D019", "/annotations/0/bbox");
}

TEST(CocoCheck, D020NegativeSizeIsDropped) {
  const std::string text = coco(box(1, "[50,50,-10,5]", "50") + "," + sound_box(2));
  expect_only(coco(box(1, "[50,50,-10,-5]", "50")), "D020", "/annotations/0/bbox");
  EXPECT_EQ(check_coco_text(text).counts.at("D020"), 1);
  std::string copy;
  fix_coco_text(text, {}, copy);
  EXPECT_EQ(check_coco_text(copy).counts, Counts());
}

TEST(CocoCheck, D021BoxWithoutAreaIsDropped) {
  const std::string text = coco(box(1, "[50,50,0,5]", "0") + "," + sound_box(2));
  expect_only(text, "D021", "/annotations/0/bbox");
  EXPECT_EQ(parse_coco(expect_fixed(text, {{"D021", 1}}), "copy").annotations.size(), 1U);
}

TEST(CocoCheck, D022BoxOutsideTheImageIsDropped) {
  for (const char* bbox : {"[200,10,20,20]", "[10,100,20,20]", "[-30,10,20,20]", "[10,-20,20,20]"}) {
    const std::string text = coco(box(1, bbox, "400") + "," + sound_box(2));
    expect_only(text, "D022", "/annotations/0/bbox");
    EXPECT_EQ(parse_coco(expect_fixed(text, {{"D022", 1}}), "copy").annotations.size(), 1U);
  }
}

TEST(CocoCheck, D023BoxPartlyOutsideIsClipped) {
  const std::string text = coco(box(1, "[190,-5,20,15]", "300"));
  expect_only(text, "D023", "/annotations/0/bbox");
  const detect::Annotations fixed = parse_coco(expect_fixed(text, {{"D023", 1}}), "copy");
  EXPECT_EQ(fixed.annotations[0].bbox, (std::array<double, 4>{190, 0, 10, 10}));
  EXPECT_EQ(fixed.annotations[0].area, 100);
  EXPECT_EQ(check_coco_text(coco(box(1, "[-1,-1,202,102]", "20604"))).counts, Counts()) << "one pixel is forgiven";
}

TEST(CocoCheck, D024HugeNumber) {
  for (const char* bbox : {"[1e8,1,2,3]", "[1,2,1e300,3]", "[1,2,3,123456789]"}) {
    expect_only(coco(box(1, bbox, "6")), "D024", "/annotations/0/bbox");
  }
  expect_only(coco(box(1, "[1,2,1e999,3]", "6")), "D024", "/annotations/0/bbox/2");
  expect_only(coco(box(1, "[1,2,99999999999999999999999,3]", "6")), "D024", "/annotations/0/bbox/2");
}

TEST(CocoCheck, D025LooksLikeCorners) {
  std::string annotations;
  for (int i = 0; i < 10; ++i) {
    if (i > 0) annotations += ",";
    const int x = 10 * i + 60;
    const std::string bbox = fmt::format("[{},{},{},{}]", x, 40, x + 30, 70);
    annotations += box(i + 1, bbox, std::to_string((x + 30) * 70));
  }
  const CheckReport report = check_coco_text(coco(annotations));
  EXPECT_EQ(report.counts.at("D025"), 1);
  EXPECT_EQ(report.counts.count("D026"), 0U);
}

TEST(CocoCheck, D026LooksNormalised) {
  const std::string annotations = box(1, "[0.5,0.5,0.25,0.25]", "0.0625") + "," + box(2, "[0.1,0.2,0.3,0.4]", "0.12") +
                                  "," + box(3, "[0,0,1,1]", "1");
  expect_only(coco(annotations), "D026", "/annotations");
}

TEST(CocoCheck, D027AreaIsComputedAgain) {
  for (const char* area : {"1300", "0", "null"}) {
    const std::string text = coco(box(1, "[10,20,30,40]", area));
    expect_only(text, "D027", "/annotations/0/area");
    EXPECT_EQ(parse_coco(expect_fixed(text, {{"D027", 1}}), "copy").annotations[0].area, 1200);
  }
  EXPECT_EQ(check_coco_text(coco(box(1, "[10,20,30,40]", "1210"))).counts, Counts()) << "within 1 %";
  const std::string missing = R"({"id":1,"image_id":1,"category_id":1,"bbox":[10,20,30,40],"iscrowd":0})";
  EXPECT_EQ(parse_coco(coco(missing), "t").annotations[0].area, 1200);
  const std::string triangle = box(1, "[0,0,10,10]", "50", R"(,"segmentation":[[0,0,10,0,0,10]])");
  EXPECT_EQ(check_coco_text(coco(triangle)).counts, Counts()) << "the mask's area counts, not the box's";
}

TEST(CocoCheck, D028BadPolygonIsDropped) {
  const auto with = [](const std::string& polygons) {
    return coco(box(1, "[0,0,10,10]", "50", ",\"segmentation\":[" + polygons + "]"));
  };
  for (const char* polygon : {"[1,2,3,4]", "[0,0,10,0,0,10,5]", "[]", "[0,0,10,0,0,\"10\"]", "[0,0,10,0,0,1e9]", "5"}) {
    const std::string text = with(std::string("[0,0,10,0,0,10],") + polygon);
    expect_only(text, "D028", "/annotations/0/segmentation/1");
    const detect::Annotations fixed = parse_coco(expect_fixed(text, {{"D028", 1}}), "copy");
    ASSERT_EQ(fixed.annotations.size(), 1U);
    EXPECT_EQ(fixed.annotations[0].segmentation.polygons.size(), 1U);
  }
  std::string copy;
  EXPECT_EQ(fix_coco_text(with("[1,2,3,4]"), {}, copy).dropped_annotations, 0) << "the box is good";
  ASSERT_EQ(parse_coco(copy, "copy").annotations.size(), 1U);
  EXPECT_EQ(parse_coco(copy, "copy").annotations[0].area, 100) << "that of the box";
}

TEST(CocoCheck, D029PolygonCrossesItself) {
  const std::string bow = box(1, "[0,0,10,20]", "0", R"(,"segmentation":[[0,0,10,10,10,0,0,10]])");
  const CheckReport report = check_coco_text(coco(bow));
  EXPECT_EQ(report.counts, (Counts{{"D029", 1}}));
  EXPECT_EQ(report.findings.front().place, "/annotations/0/segmentation/0");
}

TEST(CocoCheck, D030BadRunLengthCode) {
  const auto with = [](const std::string& rle) {
    return coco(box(1, "[0,0,200,100]", "20000", ",\"segmentation\":" + rle));
  };
  EXPECT_EQ(check_coco_text(with(R"({"size":[100,200],"counts":[0,20000]})")).counts, Counts());
  for (const char* rle : {R"({"size":[200,100],"counts":[0,20000]})", R"({"size":[100,200],"counts":[0,19999]})",
                          R"({"size":[100,200],"counts":[-1,20001]})", R"({"size":[100,200],"counts":[0.5,19999.5]})",
                          R"({"size":[100,200],"counts":[]})", R"({"size":[100,200]})", R"({"counts":[0,20000]})",
                          R"({"size":[0,200],"counts":[0]})", R"({"size":[100,200],"counts":"~~~"})",
                          R"({"size":[100,200],"counts":"0"})", R"({"size":[100,200],"counts":4294967296})",
                          R"({"size":[100,200],"counts":[4294967296,18446744069414604288]})", R"("0,0,1,1")"}) {
    expect_only(with(rle), "D030", "/annotations/0/segmentation");
  }
}

std::string with_flag(const std::string& flag) {
  const std::string start = R"({"id":5,"image_id":1,"category_id":1,"bbox":[10,20,30,40],"area":1200)";
  return coco(flag.empty() ? start + "}" : start + ",\"iscrowd\":" + flag + "}");
}

TEST(CocoCheck, D031CrowdFlagsOfOtherTypesKeepTheirMeaning) {
  for (const auto& [flag, crowd] : {std::pair("true", true), {"false", false}, {"null", false}, {"", false}}) {
    expect_only(with_flag(flag), "D031", "/annotations/0/iscrowd");
    EXPECT_EQ(parse_coco(with_flag(flag), "t").annotations[0].crowd, crowd) << flag;
    EXPECT_EQ(parse_coco(expect_fixed(with_flag(flag), {{"D031", 1}}), "copy").annotations[0].crowd, crowd) << flag;
  }
  EXPECT_TRUE(parse_coco(with_flag("1.0"), "t").annotations[0].crowd);
}

TEST(CocoCheck, D032CrowdGivenAsPolygons) {
  expect_only(coco(R"({"id":1,"image_id":1,"category_id":1,"bbox":[0,0,10,10],"area":50,"iscrowd":1,)"
                   R"("segmentation":[[0,0,10,0,0,10]]})"),
              "D032", "/annotations/0/segmentation");
}

TEST(CocoCheck, D033ImageSizeMissing) {
  for (const char* size :
       {"\"height\":100", "\"height\":0,\"width\":200", "\"height\":-1,\"width\":200",
        "\"height\":\"100\",\"width\":200", "\"height\":99.5,\"width\":200", "\"height\":100,\"width\":99999999"}) {
    expect_only(coco(sound_box(), std::string(R"({"id":1,"file_name":"a.png",)") + size + "}"), "D033",
                "/images/0/width");
  }
}

TEST(CocoCheck, D035TwoImagesNameOneFile) {
  const std::string images =
      std::string(fixture::kImage) + R"(,{"id":2,"file_name":"./a.png","height":100,"width":200})";
  expect_only(coco(sound_box(), images), "D035", "/images/1/file_name");
}

TEST(CocoCheck, D036UnsafeFileName) {
  for (const char* name : {"/etc/passwd", "../a.png", "a/../../b.png", "..", "a\\u0000.png", "C:\\\\a.png",
                           "\\\\\\\\a\\\\b.png", "a\\\\..\\\\b.png", ""}) {
    const std::string image = std::string(R"({"id":1,"file_name":")") + name + R"(","height":100,"width":200})";
    expect_only(coco(sound_box(), image), "D036", "/images/0/file_name");
    CocoReadOptions skip{.segmentations = true, .policy = DataPolicy::skip, .limits = {}};
    EXPECT_THROW(parse_coco(coco(sound_box(), image), "t", skip), Error) << "never skipped";
  }
  expect_only(coco(sound_box(), R"({"id":1,"height":100,"width":200})"), "D036", "/images/0/file_name");
  EXPECT_EQ(
      check_coco_text(coco(sound_box(), R"({"id":1,"file_name":"a/..b/c..png","height":100,"width":200})")).counts,
      Counts());
}

TEST(CocoCheck, FirstFivePlacesAreKeptAndAllAreCounted) {
  std::string annotations = sound_box(1);
  for (int i = 2; i <= 9; ++i) annotations.append(",").append(box(i, "[1,2,3]", "6"));
  const CheckReport report = check_coco_text(coco(annotations));
  EXPECT_EQ(report.counts, (Counts{{"D019", 8}}));
  EXPECT_EQ(report.findings.size(), 5U);
  EXPECT_EQ(report.errors, 8);
  EXPECT_EQ(report.annotations, 1);
  const Json json = to_json(report);
  EXPECT_EQ(json["counts"]["D019"], 8);
  EXPECT_EQ(json["findings"].size(), 5U);
  EXPECT_EQ(json["findings"][4]["place"], "/annotations/5/bbox");
  EXPECT_EQ(json["findings"][4]["severity"], "error");
}

TEST(CocoCheck, FixKeepsWhatItDoesNotKnow) {
  const std::string image = R"({"id":1,"file_name":"a.png","height":100,"width":200,"license":4})";
  const std::string keypoints = box(1, "[10,20,30,40]", "999", R"(,"keypoints":[1,2,3],"note":"\u00e9")");
  std::string text = coco(keypoints, image);
  text.insert(1, R"("info":{"year":2020,"version":1.5},)");
  const Json copy = parse_json(expect_fixed(text, {{"D027", 1}}), "copy");
  Json expected = parse_json(text, "text");
  expected["annotations"][0]["area"] = 1200.0;
  EXPECT_EQ(copy, expected);
}

TEST(CocoCheck, FixRefusesAFileThatIsNotJson) {
  std::string copy;
  EXPECT_THROW(fix_coco_text("{\"images\":[", {}, copy), Error);
  EXPECT_TRUE(copy.empty());
}

TEST(CocoCheck, FixLeavesWhatCannotBeFixed) {
  std::string copy;
  const std::string image = R"({"id":1,"file_name":"../a.png","height":100,"width":200})";
  const FixReport report = fix_coco_text(coco(box(2, "[1,2,3,4]", "6"), image), {}, copy);
  EXPECT_EQ(report.repaired, (Counts{{"D027", 1}}));
  EXPECT_EQ(report.left, (Counts{{"D036", 1}}));
  EXPECT_EQ(check_coco_text(copy).counts, (Counts{{"D036", 1}}));
}

TEST(CocoCheck, D037ValuesThatAFlagCannotHave) {
  for (const char* flag : {"2", "-1", "0.5", "\"1\"", "\"true\"", "[1]", "{}"}) {
    expect_only(with_flag(flag), "D037", "/annotations/0/iscrowd");
    std::string copy;
    EXPECT_EQ(fix_coco_text(with_flag(flag), {}, copy).left, (Counts{{"D037", 1}}));
    EXPECT_EQ(parse_json(copy, "copy"), parse_json(with_flag(flag), "text")) << "it is left as it is";
  }
  EXPECT_NE(check_coco_text(with_flag("\"1\""))
                .findings[0]
                .message.find("iscrowd of annotation 5 is a text (\"1\"); a number, 0 or 1 is wanted"),
            std::string::npos);
}

TEST(CocoCheck, D038AreaOfAnotherTypeIsComputedAgain) {
  for (const char* area : {"-1", "\"1200\"", "true", "[1200]", "{}"}) {
    const std::string text = coco(box(1, "[10,20,30,40]", area));
    expect_only(text, "D038", "/annotations/0/area");
    EXPECT_EQ(parse_coco(expect_fixed(text, {{"D038", 1}}), "copy").annotations[0].area, 1200);
  }
}

TEST(CocoCheck, D039NumbersAsNamesAreTheirDigits) {
  const auto named = [](const std::string& name) {
    return coco(sound_box(), fixture::kImage, R"({"id":1,"name":)" + name + "}");
  };
  for (const char* name : {"5", "5.0"}) {
    expect_only(named(name), "D039", "/categories/0/name");
    EXPECT_EQ(parse_coco(named(name), "t").categories[0].name, "5");
    EXPECT_EQ(parse_coco(expect_fixed(named(name), {{"D039", 1}}), "copy").categories[0].name, "5");
  }
  for (const char* name : {"true", "1.5", "[\"cat\"]", "{}"}) expect_only(named(name), "D040", "/categories/0/name");
  expect_only(named("null"), "D016", "/categories/0/name");
  expect_only(coco("", fixture::kImage, R"({"id":1,"name":"a","supercategory":["x"]})"), "D040",
              "/categories/0/supercategory");
}

TEST(CocoCheck, AnUnreadableCategoryDoesNotDropItsObjects) {
  for (const char* category : {R"({"id":"1","name":"cat"})", R"({"id":true,"name":"cat"})", "3"}) {
    std::string copy;
    const FixReport report = fix_coco_text(coco(sound_box(), fixture::kImage, category), {}, copy);
    EXPECT_EQ(report.dropped_annotations, 0) << category;
    EXPECT_EQ(report.left, (Counts{{"D012", 2}})) << category;
  }
  std::string copy;
  EXPECT_EQ(fix_coco_text(coco(sound_box(), R"({"id":"1","file_name":"a.png","height":1,"width":1})"), {}, copy)
                .dropped_annotations,
            0);
}

TEST(CocoCheck, D041RepeatedAnnotations) {
  const std::string mask = R"(,"segmentation":[[0,0,10,0,0,10]])";
  expect_only(coco(sound_box(1) + "," + sound_box(2)), "D041", "/annotations/1");
  std::string twenty = box(0, "[10,20,30,40]", "1200");
  for (int i = 1; i <= 20; ++i) twenty += "," + sound_box(i);
  expect_only(coco(twenty), "D041", "/annotations/1", 20);
  const std::string with_mask = box(2, "[10,20,30,40]", "50", mask);
  EXPECT_EQ(check_coco_text(coco(sound_box(1) + "," + with_mask)).counts, Counts()) << "another mask";
  EXPECT_EQ(check_coco_text(coco(sound_box(1) + "," + box(2, "[10,20,30,40.5]", "1215"))).counts, Counts());
  expect_only(coco(with_mask + "," + box(3, "[10,20,30,40]", "50", mask)), "D041", "/annotations/1");
}

TEST(CocoCheck, D042MasksAreNeededToSegment) {
  CheckOptions options;
  options.task = SetTask::segment;
  const std::string masked = box(2, "[0,0,10,10]", "50", R"(,"segmentation":[[0,0,10,0,0,10]])");
  const std::string empty = box(3, "[0,0,11,10]", "110", R"(,"segmentation":[])");
  EXPECT_EQ(check_coco_text(coco(masked + "," + sound_box(1) + "," + empty), {}, options).counts,
            (Counts{{"D042", 2}}));
  EXPECT_EQ(check_coco_text(coco(masked), {}, options).counts, Counts());
  EXPECT_EQ(check_coco_text(coco(sound_box(1))).counts, Counts());
}

TEST(CocoCheck, D043SetsToClassifyNeedNoBoxes) {
  const std::string images = R"({"id":1,"file_name":"a.jpg"},{"id":2,"file_name":"b.jpg"})";
  const auto of = [&](const std::string& annotations) { return coco(annotations, images); };
  const std::string sound = of(R"({"id":1,"image_id":1,"category_id":1},{"id":2,"image_id":2,"category_id":1})");
  CheckOptions found;
  found.task.reset();
  const CheckReport report = check_coco_text(sound, {}, found);
  EXPECT_EQ(report.counts, Counts());
  EXPECT_EQ(report.task, SetTask::classify);
  EXPECT_TRUE(report.task_found);
  EXPECT_EQ(report.images, 2);
  std::string copy;
  EXPECT_EQ(fix_coco_text(sound, {}, copy, found).dropped_annotations, 0);
  EXPECT_EQ(parse_json(copy, "copy"), parse_json(sound, "text"));
  EXPECT_EQ(check_coco_text(of(R"({"id":1,"image_id":1,"category_id":1})"), {}, found).counts, (Counts{{"D043", 1}}));
  const std::string two =
      coco(R"({"image_id":1,"category_id":1},{"image_id":1,"category_id":2},{"image_id":2,"category_id":1})", images,
           R"({"id":1,"name":"a"},{"id":2,"name":"b"})");
  EXPECT_EQ(check_coco_text(two, {}, found).counts, (Counts{{"D043", 1}}));
  EXPECT_EQ(check_coco_text(coco(sound_box()), {}, found).task, SetTask::detect) << "one box is enough";
  EXPECT_EQ(check_coco_text(coco(""), {}, found).task, SetTask::detect) << "nothing to tell it from";
  EXPECT_GT(check_coco_text(sound).errors, 0) << "asked for detect";
}

}  // namespace
}  // namespace spinenet::data
