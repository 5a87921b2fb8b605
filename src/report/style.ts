import { PALETTE_CSS } from './palette.ts';

/** Text for a CSS string: quotes and line ends would end it, angle brackets could end the style element. */
function cssString(text: string): string {
  return `"${text.replaceAll(/["\\<>\n\r]/g, ' ')}"`;
}

/**
 * The style sheet of the conformance page. System fonts only; one measure for text, tables over the whole width; rows are stacked on a phone;
 * on paper A4 with running head (the stamps among it) and page numbers.
 */
export function styleSheet(runningHead: string): string {
  return `${PALETTE_CSS}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%;scroll-padding-top:1rem}
body{margin:0;background:var(--paper);color:var(--ink);font:400 16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Liberation Sans","DejaVu Sans",sans-serif;font-variant-numeric:tabular-nums}
main,header,footer{max-width:64rem;margin:0 auto;padding:0 1.5rem}
header{padding-top:2.5rem}
footer{padding-top:1.5rem;padding-bottom:3rem;color:var(--muted);font-size:.875rem}
h1,h2,h3,h4{line-height:1.2;margin:0;text-wrap:balance}
h1{font-size:2rem;font-weight:650;letter-spacing:-.015em}
h2{font-size:1.375rem;font-weight:650;letter-spacing:-.01em;margin:3rem 0 .75rem;padding-top:.75rem;border-top:2px solid var(--ink)}
h3{font-size:1.0625rem;font-weight:650;margin:2rem 0 .5rem}
p{margin:.5rem 0;max-width:44rem}
a{color:var(--link);text-underline-offset:.15em;text-decoration-thickness:1px}
a:focus-visible,summary:focus-visible{outline:2px solid var(--link);outline-offset:2px}
code,.mono{overflow-wrap:anywhere;font:400 .875em/1.45 ui-monospace,"SF Mono","Cascadia Mono",Menlo,"Liberation Mono","DejaVu Sans Mono",monospace}
.eyebrow{margin:0 0 .35rem;color:var(--muted);font-size:.875rem;font-weight:600;letter-spacing:.04em;text-transform:uppercase}
.lead{color:var(--muted);margin:.5rem 0 0;font-size:1.0625rem}
.muted{color:var(--muted)}
.small{font-size:.875rem}
.stamp{margin:1.25rem 0 0;padding:.65rem 1rem;border:2px solid var(--fail);border-radius:4px;color:var(--fail);background:var(--fail-tint);font-weight:650;max-width:none}
.stamp.mild{border-width:1px;border-color:var(--muted);color:var(--ink);background:var(--panel);font-weight:400}
.skip{position:absolute;left:-999rem}.skip:focus{left:1rem;top:1rem;background:var(--paper);padding:.5rem 1rem}
nav ul{list-style:none;margin:1.25rem 0 0;padding:.75rem 0;display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;border-top:1px solid var(--rule);border-bottom:1px solid var(--rule);font-size:.9375rem}
.badge{display:inline-block;padding:.05rem .45rem;border-radius:3px;font-size:.75rem;font-weight:650;letter-spacing:.03em;line-height:1.5;white-space:nowrap;border:1px solid currentColor;print-color-adjust:exact;-webkit-print-color-adjust:exact}
.fail{color:var(--fail);background:var(--fail-tint)}.error{color:var(--error);background:var(--error-tint)}.inconc{color:var(--inconc);background:var(--inconc-tint)}.notrun{color:var(--notrun);background:var(--notrun-tint)}.waived{color:var(--waived);background:var(--waived-tint)}.pass{color:var(--pass);background:var(--pass-tint)}.na{color:var(--na);background:var(--na-tint)}
.counts{list-style:none;display:flex;flex-wrap:wrap;gap:0;margin:1.5rem 0 0;padding:0;border:1px solid var(--rule);border-radius:6px;overflow:hidden}
.counts li{flex:1 1 7rem;padding:.7rem .85rem;border-right:1px solid var(--rule);margin:0 -1px -1px 0;border-bottom:1px solid var(--rule)}
.counts b{display:block;font-size:1.625rem;font-weight:650;line-height:1.15}
.counts span{font-size:.75rem;font-weight:650;letter-spacing:.01em;white-space:nowrap}
.counts .zero b,.counts .zero span{color:var(--muted);font-weight:400}
.counts li:not(.zero).c-fail *{color:var(--fail)}.counts li:not(.zero).c-error *{color:var(--error)}.counts li:not(.zero).c-inconc *{color:var(--inconc)}.counts li:not(.zero).c-notrun *{color:var(--notrun)}.counts li:not(.zero).c-waived *{color:var(--waived)}.counts li:not(.zero).c-pass *{color:var(--pass)}
table{border-collapse:collapse;width:100%;font-size:.9375rem;margin:.5rem 0 0}
caption{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
th,td{text-align:left;vertical-align:baseline;padding:.45rem .9rem .45rem 0;border-bottom:1px solid var(--rule)}
th:last-child,td:last-child{padding-right:0}
thead th{font-size:.75rem;font-weight:650;color:var(--muted);letter-spacing:.03em;border-bottom:1px solid var(--muted);white-space:nowrap}
tbody th{font-weight:400}
.nowrap{white-space:nowrap}
.sheet{table-layout:fixed}
.sheet .item{width:8.5rem;font-weight:600;white-space:nowrap}.sheet .clause{width:6rem;overflow-wrap:break-word;hyphens:auto}.sheet .status{width:7.5rem}.sheet .answer{width:4.75rem}.sheet .verdicts{width:30%}
.sheet td.clause{color:var(--muted);font-size:.875rem}
.legend{margin:.4rem 0 0;max-width:none}
.list th:first-child,.list td:first-child{white-space:nowrap}
.list td:last-child{overflow-wrap:anywhere}
.sheet tr.no>*{color:var(--muted)}
.sheet tr:target>*,.card:target{background:var(--panel)}
.answer b{font-weight:650}
.groups{margin:0;padding:0;list-style:none}.groups li{margin:0 0 .25rem;padding-left:0}.groups li:last-child{margin:0}
.groups .ids{margin-left:.4rem}
tr.below td{padding-top:0;border-bottom:1px solid var(--rule)}
tr:has(+tr.below)>*{border-bottom:0}
.finding{padding:.4rem .7rem;border-left:3px solid var(--fail);background:var(--fail-tint);max-width:none;margin:.1rem 0 .5rem;font-size:.875rem}
.facts th{width:12rem;color:var(--muted)}
.facts td{overflow-wrap:anywhere}
.card{border:1px solid var(--rule);border-left:4px solid var(--edge,var(--muted));border-radius:4px;padding:1rem 1.15rem;margin:1rem 0 0}
.card.e-fail{--edge:var(--fail);--tint:var(--fail-tint)}.card.e-error{--edge:var(--error);--tint:var(--error-tint)}.card.e-inconc{--edge:var(--inconc);--tint:var(--inconc-tint)}.card.e-waived{--edge:var(--waived);--tint:var(--waived-tint)}
.card h3{margin:0;display:flex;flex-wrap:wrap;gap:.15rem .6rem;align-items:baseline}
.card h3 .purpose{font-weight:400;flex-basis:100%}
.card dl{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:.25rem 1rem;align-items:baseline;margin:.75rem 0 0;font-size:.9375rem}
.card dt{color:var(--muted);font-size:.875rem}.card dd{margin:0;overflow-wrap:anywhere}
.card .said{white-space:pre-wrap}
.label{margin:.9rem 0 .2rem;color:var(--muted);font-size:.875rem}
.lines{margin:0;font:400 .8125rem/1.5 ui-monospace,"SF Mono","Cascadia Mono",Menlo,"Liberation Mono","DejaVu Sans Mono",monospace;background:var(--panel);border-radius:4px}
.lines th,.lines td{border:0;padding:.05rem .6rem;font-weight:400}
.lines tbody tr:first-child>*{padding-top:.45rem}.lines tbody tr:last-child>*{padding-bottom:.45rem}
.lines .t{text-align:right;color:var(--muted);width:5.5rem;white-space:nowrap}.lines .c{color:var(--muted);width:6rem;white-space:nowrap}.lines .x{overflow-wrap:anywhere}
.lines tr.at>*{font-weight:650;color:var(--ink);background:var(--tint);print-color-adjust:exact;-webkit-print-color-adjust:exact}
.lines tr.at .t{box-shadow:inset 3px 0 0 var(--edge)}
.repeat{display:block;padding:.5rem .7rem;background:var(--panel);border-radius:4px;overflow-wrap:anywhere}
.sr{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.off{margin:.35rem 0;max-width:none}
@media (max-width:44rem){
main,header,footer{padding-left:1rem;padding-right:1rem}
header{padding-top:1.5rem}
h1{font-size:1.625rem}
.counts li{flex-basis:33%;padding:.5rem .75rem}
.stack,.stack tbody{display:block}
.stack thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.stack tr{display:block;padding:.6rem 0;border-bottom:1px solid var(--rule)}
.stack th,.stack td{display:grid;grid-template-columns:6.5rem minmax(0,1fr);gap:.5rem;border:0;padding:.1rem 0;width:auto!important;white-space:normal}
.stack th::before,.stack td::before{content:attr(data-label);color:var(--muted);font-size:.75rem;font-weight:400;line-height:1.9}
.stack td>div,.stack th>div{overflow-wrap:anywhere}
.stack .empty{display:none}
.facts th{width:7.5rem}
.nowrap{white-space:normal}
.stack tr.below{padding-top:0}.stack tr:has(+tr.below){border-bottom:0;padding-bottom:0}
.stack tr.below td{display:block}.stack tr.below td::before{content:none}
.sheet tr{display:grid;grid-template-columns:auto auto 1fr;gap:.1rem .75rem}
.sheet th,.sheet td{display:block;grid-column:1/-1}
.sheet th::before,.sheet td::before{content:none}
.sheet .item{grid-area:1/1/2/3}.sheet .answer{grid-area:1/3/2/4;text-align:right}
.sheet .status,.sheet .clause{grid-column:auto;font-size:.875rem;color:var(--muted)}
.sheet .status{order:1}.sheet .clause{order:2}.sheet .clause>div::before{content:"clause "}.sheet .verdicts{order:3}
.attention tr{display:grid;grid-template-columns:auto 1fr;gap:.1rem .6rem}
.attention th,.attention td{display:block;grid-column:1/-1}
.attention th:nth-child(1),.attention td:nth-child(2){grid-column:auto}
.attention th::before,.attention td::before{content:none}
.card{padding:.85rem .9rem}
.card dl{grid-template-columns:1fr;gap:0}.card dd{margin:0 0 .45rem}
.lines .c{width:auto}.lines .t{width:4rem}.lines th,.lines td{padding:.05rem .35rem}
}
@media print{
@page{size:A4;margin:20mm 16mm 18mm;@top-left{content:${cssString(runningHead)};font:8pt system-ui,sans-serif;color:#545d68}@bottom-right{content:counter(page) " / " counter(pages);font:8pt system-ui,sans-serif;color:#545d68}}
html{font-size:9.5pt}
body{font-size:1rem;line-height:1.4}
main,header,footer{max-width:none;padding:0}
header{padding-top:0}
nav,.skip{display:none}
h2{margin-top:2.25rem;break-after:avoid}h3,h3+p{break-after:avoid}
.counts li{flex:1 1 5.5rem;padding:.5rem .7rem}.counts span{font-size:.6875rem}
table{font-size:.9rem}
th,td{padding-top:.3rem;padding-bottom:.3rem}
.sheet .item{width:14.5%}.sheet .clause{width:10%}.sheet .status{width:13%}.sheet .answer{width:8%}.sheet .verdicts{width:27%}
tr,.card dl,.stamp,.counts,.lines{break-inside:avoid}
.card{break-inside:avoid;padding:.75rem .9rem}
tr:has(+tr.below){break-after:avoid}
tbody tr:first-child{break-before:avoid}
.legend{break-before:avoid}
a{color:inherit;text-decoration:none}
thead{display:table-header-group}
.sheet tr:target>*,.card:target{background:none}
}`;
}
