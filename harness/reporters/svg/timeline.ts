import { armName } from '../../model/control.ts';
import type { Band, DetectorRecord, WholeRecord, WholeStepRecord } from '../../model/record.ts';
import { humanDuration, midpoint, uncensored, type Interval } from '../../model/units.ts';
import { alarmWords } from '../format.ts';
import { safe, type Markup } from '../markup.ts';
import { round, scale, tickLabel, ticks, type Scale } from './scale.ts';

const baselineShown = 20_000;
const textRow = 20;
const bandRow = 34;
const loadRow = 56;

/**
 * One trial from shortly before the fault to the end: alerts, runbook steps, recovery, what every probe saw, the user load.
 * @param detail how many bad stretches a probe's row shows at most, and how many points the load line has
 */
export function timeline(record: WholeRecord, detail: number): Markup {
  const zero = record.onset === undefined ? 0 : midpoint(record.onset);
  const first = Math.min(...record.slis.flatMap((s) => (s.bands[0] === undefined ? [] : [s.bands[0].fromMs])), zero);
  const from = record.onset === undefined ? first : Math.max(first, record.onset.lo - baselineShown);
  const x = scale(from, Math.max(from + 1000, record.endMs));
  const after = (time: Interval | undefined) => (time === undefined ? undefined : zero + midpoint(time));
  const firstGood = after(uncensored(record.firstGood));
  const restored = after(uncensored(record.ttr));
  const full = after(uncensored(record.fullRecovery));

  let y = 22;
  const parts: Markup[] = [];
  const row = (height: number, draw: (y: number) => Markup): void => {
    parts.push(draw(y));
    y += height;
  };
  const instant = (ms: number, text: string, kind: string, title: string): void => {
    row(textRow, (at) => beside(x, ms, at, text, kind, title));
  };
  const header = (text: string): void => {
    y += 6;
    row(16, (at) => safe`<text class="group" x="0" y="${at + 11}">${text}</text>`);
  };
  const { onset } = record;
  if (onset !== undefined) {
    row(
      textRow,
      (
        at,
      ) => safe`<rect class="onset" x="${x.at(onset.lo)}" y="${at + 4}" width="${width(x, onset.lo, onset.hi)}" height="11" />
      ${beside(x, zero, at, 'fault in effect', 'fault', `fault: command sent, witnessed ${humanDuration(onset.hi - onset.lo)} later`)}`,
    );
  }
  if (record.detectors.length > 0) {
    header('Alarms');
    for (const d of [...record.detectors].sort(byTtd)) row(textRow, (at) => alarm(d, x, at, record));
  }
  const steps = record.steps.filter((s) => s.part === 'runbook');
  if (steps.length > 0) {
    header(`Runbook ${armName(record)}`);
    for (const step of steps) row(textRow, (at) => stepBar(step, x, at, zero));
  }
  if ([firstGood, restored, full].some((ms) => ms !== undefined)) header('Recovery');
  // Where it stayed good from then on, both are the same instant and one line says so.
  if (firstGood !== undefined && (restored === undefined || restored - firstGood >= 1000)) {
    const title = 'all that broke was good at the same time';
    instant(firstGood, `first good ${humanDuration(firstGood - zero)}`, 'first', title);
  }
  if (restored !== undefined) {
    const title = 'start of the first stability window without an outage';
    instant(restored, `stable since ${humanDuration(restored - zero)}`, 'restored', title);
  }
  if (full !== undefined) {
    const title = 'cluster restored, alerts quiet, durable';
    instant(full, `fully recovered ${humanDuration(full - zero)}`, 'full', title);
  }
  header('Service, as the probes saw it');
  for (const sli of record.slis) {
    row(
      bandRow,
      (
        at,
      ) => safe`<text class="row-name small" x="0" y="${at + 11}">${sli.title}${sli.bystander && safe` <tspan class="muted">(bystander)</tspan>`}</text>
      <text class="row-result small" x="100%" y="${at + 11}" text-anchor="end">${sli.bad === 0 ? 'good throughout' : `down for ${humanDuration(sli.badMs)}`}</text>
      ${bands(sli.bands, x, at + 17, detail)}`,
    );
  }
  if (record.loadSeries.length > 1) {
    header('User load, requests a second');
    row(loadRow, (at) => load(record.loadSeries, x, at, detail));
  }
  const bottom = y + 2;
  const rule = (ms: number | undefined, kind: string): Markup | false =>
    ms !== undefined && safe`<line class="rule ${kind}" x1="${x.at(ms)}" x2="${x.at(ms)}" y1="20" y2="${bottom}" />`;
  const summary = `Timeline of trial ${record.trialId}: ${record.reason}`;
  return safe`<svg class="plot timeline" role="img" aria-label="${summary}" width="100%" height="${bottom + 4}">
    ${ticks(x.fromMs - zero, x.toMs - zero, 6).map((t) => {
      const p = x.percent(zero + t);
      return safe`<line class="grid" x1="${p}%" x2="${p}%" y1="18" y2="${bottom}" /><text class="tick" x="${p}%" y="12" text-anchor="${p < 3 ? 'start' : p > 96 ? 'end' : 'middle'}">${tickLabel(t)}</text>`;
    })}
    ${onset !== undefined && rule(zero, 'fault')}${rule(firstGood, 'first')}${rule(restored, 'restored')}${rule(full, 'full')} ${parts}
  </svg>`;
}

const width = (x: Scale, from: number, to: number): string =>
  `${round(Math.max(0.3, x.percent(to) - x.percent(from)))}%`;

/** A diamond with its text on the side where there is room. */
function beside(x: Scale, ms: number, y: number, text: string, kind: string, title: string): Markup {
  return safe`<svg x="${x.at(ms)}" y="${y + 9.5}" class="mark ${kind}"><path d="M0 -5L5 0L0 5L-5 0Z" /><title>${title}</title></svg>${label(x.percent(ms), x.percent(ms), y, text)}`;
}

function label(left: number, right: number, y: number, text: string): Markup {
  const short = text.length > 34 ? `${text.slice(0, 33)}…` : text;
  // Long words near the middle of a phone's screen would run out on either side; right of the middle there is room on the left.
  return right > 45
    ? safe`<text class="label" x="${left}%" dx="-9" y="${y + 14}" text-anchor="end">${short}</text>`
    : safe`<text class="label" x="${right}%" dx="9" y="${y + 14}">${short}</text>`;
}

function alarm(d: DetectorRecord, x: Scale, y: number, record: WholeRecord): Markup {
  const { onset } = record;
  if (d.ttd !== undefined && onset !== undefined) {
    return beside(x, onset.lo + d.ttd.hi, y, `${d.id} ${humanDuration(midpoint(d.ttd))}`, 'alarm', d.what ?? d.title);
  }
  return safe`<text class="label muted" x="0" y="${y + 14}">${d.id}: <tspan class="${d.status === 'missed' ? '' : 'strong'}">${alarmWords(record, d.status)}</tspan><title>${d.what ?? d.title}</title></text>`;
}

function byTtd(a: DetectorRecord, b: DetectorRecord): number {
  const at = (d: DetectorRecord): number => d.ttd?.hi ?? Number.MAX_SAFE_INTEGER;
  return at(a) - at(b) || (a.id < b.id ? -1 : 1);
}

function stepBar(step: WholeStepRecord, x: Scale, y: number, zero: number): Markup {
  const kind = `${step.changes ? 'changes' : 'looks'}${step.ok ? '' : ' failed'}`;
  const title = `${step.name} on ${step.on}: ${humanDuration(step.toMs - step.fromMs)}, started ${humanDuration(Math.max(0, step.fromMs - zero))} after the fault${step.ok ? '' : ', failed'}`;
  return safe`<rect class="step ${kind}" x="${x.at(step.fromMs)}" y="${y + 5}" width="${width(x, step.fromMs, step.toMs)}" height="9" rx="2"><title>${title}</title></rect>${label(x.percent(step.fromMs), x.percent(step.toMs), y, step.ok ? step.name : `${step.name} (failed)`)}`;
}

/**
 * Bad is tall, good is thin, unknown is empty: to be read without colours, too. Drawn as two paths in per mille of the width.
 * Bad stretches closer than a pixel are one; of more than `most` of them the nearest are joined until so many are left.
 */
function bands(list: readonly Band[], x: Scale, y: number, most: number): Markup {
  const seen = list.filter((b) => b.toMs > x.fromMs && b.fromMs < x.toMs);
  const asked = joined(
    seen.map((b) => span(x, b)),
    1.2,
  );
  let bad = joined(
    seen.filter((b) => !b.good).map((b) => span(x, b)),
    1.2,
  );
  for (let gap = 2.4; bad.length > most; gap *= 2) bad = joined(bad, gap);
  const path = (spans: readonly Span[], top: number, height: number): string =>
    spans
      .map((s) => `M${round1(s.from)} ${top}h${round1(Math.max(2, s.to - s.from))}v${height}H${round1(s.from)}z`)
      .join('');
  return safe`<svg x="0" y="${y}" width="100%" height="9" viewBox="0 0 1000 9" preserveAspectRatio="none">
    <path class="band-good" d="${path(asked, 3, 3)}" />${bad.length > 0 && safe`<path class="band-bad" d="${path(bad, 0, 9)}" />`}
  </svg>`;
}

interface Span {
  readonly from: number;
  readonly to: number;
}

const round1 = (v: number): number => Math.round(v * 10) / 10;
const span = (x: Scale, b: Band): Span => ({ from: x.percent(b.fromMs) * 10, to: x.percent(b.toMs) * 10 });

function joined(spans: readonly Span[], gap: number): readonly Span[] {
  const out: { from: number; to: number }[] = [];
  for (const s of spans) {
    const last = out.at(-1);
    if (last !== undefined && s.from - last.to < gap) last.to = Math.max(last.to, s.to);
    else out.push({ ...s });
  }
  return out;
}

function load(series: WholeRecord['loadSeries'], x: Scale, y: number, detail: number): Markup {
  const seen = series.filter((s) => s.secondMs >= x.fromMs && s.secondMs <= x.toMs);
  const size = Math.max(1, Math.ceil(seen.length / detail));
  const points: { at: number; good: number; bad: number }[] = [];
  for (let i = 0; i < seen.length; i += size) {
    const chunk = seen.slice(i, i + size);
    const mean = (of: (s: (typeof chunk)[number]) => number): number =>
      chunk.reduce((sum, s) => sum + of(s), 0) / chunk.length;
    points.push({
      at: Math.round(x.percent(chunk[0]?.secondMs ?? 0) * 10),
      good: mean((s) => s.good),
      bad: mean((s) => s.bad + s.dropped),
    });
  }
  const most = Math.max(1, ...points.map((p) => p.good + p.bad));
  const h = loadRow - 16;
  const level = (v: number): number => round(h - (v / most) * h);
  const line = (of: (p: (typeof points)[number]) => number): string =>
    points.map((p) => `${p.at},${level(of(p))}`).join(' ');
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return safe``;
  return safe`<svg x="0" y="${y + 4}" width="100%" height="${h}" viewBox="0 0 1000 ${h}" preserveAspectRatio="none"><title>good and failed requests a second; at most ${round(most)}</title>
      <polygon class="load-bad" points="${first.at},${h} ${line((p) => p.bad)} ${last.at},${h}" />
      <polyline class="load-good" points="${line((p) => p.good)}" />
    </svg>`;
}
