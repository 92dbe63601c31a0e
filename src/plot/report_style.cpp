#include "plot/report_style.h"

namespace spinenet::plot {

std::string_view report_style() {
  return R"(:root{color-scheme:light dark;--paper:#fff;--card:#f7f9fa;--ink:#1b2530;--soft:#5c6873;--rule:#e1e6ea;--accent:#1668c7;--note:#fff7e0;--note-rule:#e0b53a}
@media (prefers-color-scheme:dark){:root{--paper:#12181e;--card:#19212a;--ink:#e8ecef;--soft:#9aa6b1;--rule:#2a343e;--accent:#62aefc;--note:#2b2510;--note-rule:#a8862a}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main{max-width:1080px;margin:0 auto;padding:40px 28px 72px}
h1{font-size:28px;line-height:1.2;letter-spacing:-.01em;margin:0;overflow-wrap:anywhere}
h2{font-size:17px;margin:44px 0 14px;padding-bottom:7px;border-bottom:1px solid var(--rule)}
.subtitle{color:var(--soft);margin:6px 0 0;overflow-wrap:anywhere}
.headline{display:grid;grid-template-columns:repeat(auto-fit,minmax(128px,1fr));gap:12px;margin:26px 0 0}
.headline div{background:var(--card);border:1px solid var(--rule);border-radius:9px;padding:12px 15px}
.headline dt{color:var(--soft);font-size:12.5px}
.headline dd{margin:1px 0 0;font-size:23px;font-weight:600;letter-spacing:-.01em;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
.notes{list-style:none;margin:24px 0 0;padding:0}
.notes li{background:var(--note);border-left:3px solid var(--note-rule);border-radius:4px;padding:8px 14px;margin-top:8px}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,460px),1fr));gap:30px 36px;align-items:start}
.subtitle+.charts{margin-top:24px}
.chart{max-width:100%;height:auto;display:block}
.wide{overflow-x:auto}
.wide .chart{max-width:none}
table{border-collapse:collapse;width:100%;font-size:14px}
th,td{text-align:left;padding:6px 14px 6px 0;border-bottom:1px solid var(--rule);vertical-align:top}
.facts td{overflow-wrap:anywhere}.name{min-width:8em}
th{font-weight:600;color:var(--soft);font-size:12.5px}
.facts th{width:13em;font-size:14px;font-weight:400}
.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
td.share{width:24%;min-width:90px;padding-right:0}
.share span{display:block;height:8px;margin-top:8px;border-radius:4px;background:var(--rule)}
.share i{display:block;height:8px;border-radius:4px;background:var(--accent)}
.images{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,240px),1fr));gap:18px}
.pairs{grid-template-columns:repeat(auto-fill,minmax(min(100%,460px),1fr))}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:2px}.pair span{display:block;padding:4px 12px 0;font-size:13px;font-weight:600}
.columns{display:grid;gap:14px;margin-top:14px;overflow-x:auto}.columns figure{min-width:180px}
figure{margin:0;background:var(--card);border:1px solid var(--rule);border-radius:9px;overflow:hidden}
figure img{display:block;width:100%;height:auto}
figcaption{padding:8px 12px;font-size:13px;color:var(--soft);overflow-wrap:anywhere}
pre{margin:0;padding:16px 18px;background:var(--card);border:1px solid var(--rule);border-radius:9px;overflow-x:auto;font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
@media print{main{max-width:none;padding:0}figure,tr,.charts>*{break-inside:avoid}})";
}

}  // namespace spinenet::plot
