#include "plot/page.h"

#include "base/format.h"
#include "plot/markup.h"
#include "plot/report_style.h"

namespace spinenet::plot {

std::string page_head(std::string_view title, std::string_view subtitle) {
  // The policy makes the browser itself refuse whatever is not in the file.
  std::string html = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src "
      "'unsafe-inline'\">\n<title>{0}</title>\n<style>{1}</style>\n</head>\n<body>\n<main>\n<h1>{0}</h1>\n",
      escape_markup(title), report_style());
  if (!subtitle.empty()) html += fmt::format("<p class=\"subtitle\">{}</p>\n", escape_markup(subtitle));
  return html;
}

std::string page_tail() {
  return "</main>\n</body>\n</html>\n";
}

std::string page_section(std::string_view title, std::string_view content) {
  return fmt::format("<section>\n<h2>{}</h2>\n{}</section>\n", escape_markup(title), content);
}

std::string page_charts(std::string_view cells) {
  return fmt::format("<div class=\"charts\">\n{}</div>\n", cells);
}

std::string page_chart(std::string_view svg) {
  return svg.empty() ? "" : fmt::format("<div>{}</div>\n", svg);
}

std::string page_headline(const std::vector<ReportFact>& facts) {
  if (facts.empty()) return "";
  std::string html = "<dl class=\"headline\">\n";
  for (const ReportFact& fact : facts) {
    html += fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", escape_markup(fact.name), escape_markup(fact.value));
  }
  return html + "</dl>\n";
}

std::string page_notes(const std::vector<std::string>& notes) {
  if (notes.empty()) return "";
  std::string html = "<ul class=\"notes\">\n";
  for (const std::string& note : notes) html += fmt::format("<li>{}</li>\n", escape_markup(note));
  return html + "</ul>\n";
}

std::string page_facts(const std::vector<ReportFact>& facts) {
  if (facts.empty()) return "";
  std::string html = "<table class=\"facts\">\n";
  for (const ReportFact& fact : facts) {
    html += fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td></tr>\n", escape_markup(fact.name),
                        escape_markup(fact.value));
  }
  return page_section("Facts", html + "</table>\n");
}

std::string page_recipe(const std::string& recipe) {
  if (recipe.empty()) return "";
  return page_section("Recipe", fmt::format("<pre>{}</pre>\n", escape_markup(recipe)));
}

std::string page_table(std::string_view title, const PageTable& table, std::string_view note, std::string_view more) {
  if (table.rows.empty()) return "";
  const auto style = [&](size_t column, std::string_view otherwise) {
    return column >= table.numbers_from ? std::string(" class=\"number\"") : std::string(otherwise);
  };
  std::string html = "<div class=\"wide\"><table>\n<thead><tr>";
  for (size_t i = 0; i < table.head.size(); ++i) {
    html += fmt::format("<th{}>{}</th>", style(i, " class=\"name\""), escape_markup(table.head[i]));
  }
  html += "</tr></thead>\n<tbody>\n";
  for (const std::vector<std::string>& row : table.rows) {
    html += "<tr>";
    for (size_t i = 0; i < row.size(); ++i) html += fmt::format("<td{}>{}</td>", style(i, ""), escape_markup(row[i]));
    html += "</tr>\n";
  }
  html += "</tbody></table></div>\n";
  if (!note.empty()) html += fmt::format("<p class=\"subtitle\">{}</p>\n", escape_markup(note));
  return page_section(title, html.append(more));
}

namespace {

std::string img(std::string_view label, std::string_view media_type, std::string_view bytes) {
  return fmt::format("<img alt=\"{}\" src=\"data:{};base64,{}\">", escape_markup(label), media_type, base64(bytes));
}

}  // namespace

std::string page_image(std::string_view label, std::string_view media_type, std::string_view bytes) {
  return fmt::format("<figure>{}<figcaption>{}</figcaption></figure>\n", img(label, media_type, bytes),
                     escape_markup(label));
}

std::string page_image_pair(const PageImage& left, const PageImage& right, std::string_view label) {
  std::string html = "<figure><div class=\"pair\">";
  for (const PageImage& image : {left, right}) {
    html += fmt::format("<div>{}<span>{}</span></div>",
                        img(fmt::format("{}: {}", label, image.label), image.media_type, image.bytes),
                        escape_markup(image.label));
  }
  return fmt::format("{}</div><figcaption>{}</figcaption></figure>\n", html, escape_markup(label));
}

}  // namespace spinenet::plot
