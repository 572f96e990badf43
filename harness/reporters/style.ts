/**
 * The report's style sheet: light and dark by the reader's preference, one column on a phone, and on paper everything
 * unfolded. Blue and vermilion can be told apart with every common colour blindness; shapes and heights say the same.
 */
export const style = `
:root{color-scheme:light dark;--bg:#faf9f6;--card:#fff;--ink:#1c2228;--muted:#59636d;--line:#dedbd4;--soft:#f1efea;--good:#0b6a88;--good-soft:#e3f0f4;--bad:#b93c0b;--bad-soft:#fcefe6;--gold:#8a6100}
@media (prefers-color-scheme:dark){:root{--bg:#13171b;--card:#1a2025;--ink:#e6e9eb;--muted:#9da8b1;--line:#303940;--soft:#222a30;--good:#64bfdc;--good-soft:#15303a;--bad:#f59562;--bad-soft:#3a2218;--gold:#e0b555}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--bg);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Helvetica Neue",sans-serif}
main,header,footer{max-width:68rem;margin:0 auto;padding:0 1.5rem}
header{padding-top:2rem}
h1,h2,h3{line-height:1.2;font-weight:650;letter-spacing:-.011em;text-wrap:balance}
h2{font-size:1.35rem;margin:3.2rem 0 .6rem}
h3{font-size:1.02rem;margin:1.6rem 0 .4rem}
p{margin:.5rem 0}
.kicker{color:var(--muted);font-size:.86rem;margin:0}
.muted{color:var(--muted)}
.lead{color:var(--muted);max-width:46rem;text-wrap:pretty}
code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.9em}
code{overflow-wrap:anywhere}
pre{background:var(--soft);border-radius:8px;padding:.7rem .9rem;margin:.4rem 0;overflow-x:auto;white-space:pre-wrap;overflow-wrap:anywhere;line-height:1.45;font-size:.84rem}
a{color:var(--good)}
.verdict{background:var(--card);border:1px solid var(--line);border-left:6px solid var(--good);border-radius:12px;padding:1.5rem 1.75rem;margin:1.1rem 0 0}
.verdict.none,.verdict.no-data{border-left-color:var(--bad)}
.verdict.candidates{border-left-color:var(--gold)}
.candidates{padding-left:1.5rem;margin:.4rem 0 1.2rem}
.candidates small{display:block;color:var(--muted)}
.verdict h1{font-size:clamp(1.7rem,4.6vw,2.6rem);margin:.1rem 0 1.1rem}
.verdict h1 code{font-size:.94em;font-weight:650;letter-spacing:-.03em}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(10.8rem,1fr));gap:1rem 1.6rem;margin:0 0 1.2rem}
.facts dt{color:var(--muted);font-size:.84rem}
.facts dd{margin:.1rem 0 0;font-size:1.32rem;font-weight:620;line-height:1.25;font-variant-numeric:tabular-nums;text-wrap:balance}
.facts dd small{display:block;font-size:.84rem;font-weight:400;color:var(--muted);overflow-wrap:anywhere}
.sure{background:var(--soft);border-radius:8px;padding:.65rem .9rem;margin:0}
.warnings{list-style:none;margin:.9rem 0 0;padding:0}
.warnings li{padding-left:1.6rem;text-indent:-1.6rem;margin:.25rem 0;color:var(--bad)}
.warnings li::before{content:"▲";display:inline-block;width:1.6rem;text-indent:0;font-size:.8em}
.card{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:1.1rem 1.4rem;margin:1rem 0}
.cols{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:0 2.2rem}
ul.plain{padding-left:1.15rem;margin:.3rem 0}
ul.plain li{margin:.25rem 0}
li,dd,p,caption,summary,td small{overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
caption{text-align:left;color:var(--muted);font-size:.86rem;padding-bottom:.5rem}
th{text-align:left;font-weight:600;font-size:.8rem;color:var(--muted);padding:.35rem 1.2rem .35rem 0;vertical-align:bottom;white-space:nowrap}
td{padding:.2rem 1.2rem .5rem 0;vertical-align:top;font-size:.94rem;white-space:nowrap}
td.prose,.details td,small.prose{white-space:normal}
td small{display:block;color:var(--muted);font-size:.82rem}
.label{display:none}
.term{color:inherit;text-decoration:underline dotted;text-underline-offset:3px}
.name th{border-top:1px solid var(--line);color:var(--ink);font-size:.94rem;padding:.7rem 0 0;white-space:normal}
.name code{overflow-wrap:normal;margin-right:.5rem}
.name span{color:var(--muted);font-weight:400;font-size:.88rem}
.details td{padding:0 0 .6rem;color:var(--muted);font-size:.88rem}
.details dl{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:.2rem 1.6rem;margin:0 0 .3rem;border-left:2px solid var(--line);padding-left:.9rem}
.details dt{font-size:.78rem}
.details dd{margin:0;color:var(--ink)}
.chosen th code{background:var(--good-soft);color:var(--good);border-radius:5px;padding:.1rem .35rem;margin-left:-.35rem}
.badge{display:inline-block;border-radius:99px;padding:.05rem .6rem;font-size:.82rem;font-weight:600;background:var(--soft);white-space:nowrap}
.badge.good{background:var(--good-soft);color:var(--good)}
.badge.bad{background:var(--bad-soft);color:var(--bad)}
.good-text{color:var(--good);font-weight:600}.bad-text{color:var(--bad);font-weight:600}
svg{overflow:visible;display:block}
svg text{font:12.5px system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;fill:var(--ink)}
svg .small{font-size:12px}
svg .tick,svg .row-result,svg .muted,svg .group{fill:var(--muted)}
svg .tick{font-size:11.5px}
svg .group{font-size:11.5px;font-weight:650}
svg .chosen{font-weight:700;fill:var(--good)}
svg .strong{font-weight:650;fill:var(--bad)}
.label,.row-name,.row-result,.group{paint-order:stroke;stroke:var(--card);stroke-width:4px;stroke-linejoin:round}
.grid{stroke:var(--line);stroke-width:1}
.track{stroke:var(--line);stroke-width:1}
.least{stroke:var(--muted);stroke-width:2}
.mark{fill:var(--good);stroke:none}
.mark .arrow{fill:none;stroke:currentColor;stroke-width:2;stroke-linecap:round;stroke-linejoin:round}
.mark.good{color:var(--good)}.mark.bad,.mark.loss,.mark.fault{color:var(--bad);fill:var(--bad)}
.mark.plain{color:var(--muted);fill:var(--muted)}.mark.alarm{fill:var(--gold)}.mark.full{fill:var(--card);stroke:var(--good);stroke-width:2}
.mark circle{stroke:var(--card);stroke-width:1}
.whisker{stroke:var(--good);stroke-width:2}.whisker.loss,.whisker.bad{stroke:var(--bad)}.whisker.plain{stroke:var(--muted)}
.onset{fill:var(--bad);opacity:.35}
.rule{stroke-width:1.25}.rule.fault{stroke:var(--bad)}.rule.restored{stroke:var(--good)}.rule.first{stroke:var(--good);stroke-dasharray:5 3}.rule.full{stroke:var(--good);stroke-dasharray:2 3}
.step{fill:var(--ink)}.step.looks{fill:var(--card);stroke:var(--ink);stroke-width:1}.step.failed{fill:var(--bad)}
.band-good{fill:var(--good)}.band-bad{fill:var(--bad)}
.load-good{fill:none;stroke:var(--good);stroke-width:1.5;vector-effect:non-scaling-stroke}.load-bad{fill:var(--bad);opacity:.8}
.survival{fill:none;stroke:var(--ink);stroke-width:1.75;vector-effect:non-scaling-stroke}.survival-area{fill:var(--bad-soft)}
.plot-box{padding:.4rem .6rem 0}
.legend{display:flex;flex-wrap:wrap;gap:.3rem 1.3rem;margin:.6rem 0 0;padding:0;list-style:none;color:var(--muted);font-size:.84rem}
.legend.counts{margin-bottom:.9rem}
.legend svg{display:inline-block;vertical-align:-2px;margin-right:.4rem}
.runs{list-style:none;padding:.5rem 1.4rem}
.runs li{padding:.6rem 0;text-wrap:pretty}.runs li+li{border-top:1px solid var(--line)}
.runs small{display:block;color:var(--muted)}
nav{font-size:.86rem;margin-bottom:.3rem}
details{margin:.6rem 0}
summary{cursor:pointer;font-weight:600}
summary:focus-visible,a:focus-visible{outline:2px solid var(--good);outline-offset:3px;border-radius:3px}
.trial>summary{display:flex;flex-wrap:wrap;gap:.25rem .8rem;align-items:baseline}
.trial>summary::before{content:"▸";color:var(--muted)}
.trial[open]>summary::before{content:"▾"}
.trial>summary::-webkit-details-marker{display:none}
.trial>summary .muted{font-weight:400}
.steps{list-style:decimal;padding-left:1.5rem;margin:.4rem 0}
.steps li{margin:.7rem 0}
.spent{list-style:none;margin:.4rem 0;padding:0;font-size:.9rem}
.spent li{display:grid;grid-template-columns:minmax(4rem,9rem) 5.5rem minmax(0,1fr);gap:.8rem;align-items:baseline;margin:.15rem 0}
.share{display:block;height:.6rem;background:var(--soft);border-radius:2px}
.share i{display:block;height:100%;min-width:1px;background:var(--ink);border-radius:2px}
.where{color:var(--muted);font-weight:400}
.env{display:grid;grid-template-columns:minmax(7rem,max-content) minmax(0,1fr);gap:.15rem 1.2rem;font-size:.9rem;margin:0}
.env dt{color:var(--muted)}.env dd{margin:0;overflow-wrap:anywhere}
footer{padding-top:2.5rem;padding-bottom:4rem;color:var(--muted);font-size:.9rem}
.wide{overflow-x:auto}
@media (max-width:56rem){
main,header,footer{padding-left:1rem;padding-right:1rem}
.verdict{padding:1.1rem 1.1rem 1.2rem}
.card{padding:.9rem 1rem}
.cols,.details dl{grid-template-columns:minmax(0,1fr)}
.facts{grid-template-columns:repeat(2,minmax(0,1fr));gap:.9rem 1rem}
.facts dd{font-size:1.15rem}
table,caption,thead,tbody,tr,td,.name th{display:block}
thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
td{padding:.1rem 0;white-space:normal;text-wrap:balance}
.name code{margin-right:0}.name span{display:block}
tr:not(.details)>td{display:grid;grid-template-columns:8.5rem minmax(0,1fr);gap:.6rem}
.label{display:block;color:var(--muted);font-size:.86rem}
.details dl{margin-top:.5rem}
.env{grid-template-columns:minmax(0,1fr)}.env dd{margin-bottom:.4rem}
}
@media print{
:root{--bg:#fff;--card:#fff;--ink:#000;--muted:#444;--line:#bbb;--soft:#f3f3f3;--good:#0b6a88;--bad:#b93c0b;--good-soft:#fff;--bad-soft:#fff;--gold:#8a6100}
body{font-size:10.5pt}.card,.verdict,tr,li,svg{break-inside:avoid}h2{break-after:avoid}
details::details-content{content-visibility:visible;height:auto}
}
`;
