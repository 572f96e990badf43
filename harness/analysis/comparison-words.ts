import { countOf, humanDuration } from '../model/units.ts';
import type { Comparison, TimeComparison } from './comparison.ts';
import { mostBlocks } from './sample-size.ts';
import { pText, signed, timeNames } from './words.ts';

/** What words depend on besides the numbers. */
export interface Asked {
  readonly what: 'runbooks' | 'alarms';
  readonly horizonMs: number;
  /** What a pair is counted in. */
  readonly unit: 'block' | 'trial';
}

/** A comparison in one line: what is shown, then each of the times. */
export function sentence({ a, b, kind, times }: Omit<Comparison, 'says'>, asked: Asked): string {
  const clauses = times.map((t) => clause(a, b, t, asked)).filter((c) => c !== '');
  const list = clauses.length === 0 ? '' : `: ${clauses.join('; ')}`;
  const n = Math.min(times[0]?.sideA?.n ?? 0, times[0]?.sideB?.n ?? 0);
  switch (kind) {
    case 'faster':
      return `${a} ${betterWords(asked)} ${b}${list}`;
    case 'slower':
      return `${b} ${betterWords(asked)} ${a}${list}`;
    case 'mixed':
      return `${a} and ${b} are each faster in one time${list}`;
    case 'below-minimum':
      return `${a} and ${b} differ by less than is relevant${list}`;
    case 'not-shown':
      return `no significant difference between ${a} and ${b}${list}`;
    case 'not-resolvable':
      return `${a} and ${b} cannot be resolved${list}`;
    case 'neither':
      return `${a} and ${b}: neither within ${humanDuration(asked.horizonMs)}`;
    case 'too-few':
      return `${a} and ${b}: ${countOf(n, asked.unit)} ${n === 1 ? 'is' : 'are'} too few, at least ${times[0]?.leastBlocks ?? 0} are needed${list}`;
    case 'refused':
      return `${a} and ${b}: no verdict, the environments differ`;
    case 'no-data':
      return `${a} and ${b}: no ${asked.unit} in which both were valid`;
  }
}

const betterWords = ({ what }: Asked): string => (what === 'runbooks' ? 'is better than' : 'detects earlier than');

function clause(a: string, b: string, t: TimeComparison, asked: Asked): string {
  const { minimumEffectMs = 0, resolutionMs = 0, interval, pAdjusted } = t;
  const forward = (t.differenceMs ?? t.restrictedMs ?? 0) >= 0;
  const bounds =
    interval === undefined
      ? ''
      : `95 %: ${signed(forward ? interval.lo : 0 - interval.hi)} to ${signed(forward ? interval.hi : 0 - interval.lo)}; `;
  const sure = pAdjusted === undefined ? '' : `${bounds}p ${pText(pAdjusted)}`;
  const seen = effect(a, b, t, asked);
  const name = timeNames[t.time];
  switch (t.kind) {
    case 'faster':
    case 'slower':
      return `${name} ${seen} (${sure})`;
    case 'below-minimum':
      return `${name} ${seen}, below the relevant ${humanDuration(minimumEffectMs)} (${sure})`;
    case 'not-shown':
      return `${name} not significantly different (seen: ${seen}; ${sure}${neededText(t, asked)})`;
    case 'not-resolvable':
      return `${name} only known to ± ${humanDuration(resolutionMs)}, which decides which one is faster; more ${asked.unit}s do not help`;
    case 'neither':
      return `${name}: neither within ${humanDuration(asked.horizonMs)}`;
    case 'too-few':
      return `${name} seen: ${seen}${neededText(t, asked)}`;
    case 'mixed':
    case 'refused':
    case 'no-data':
      return '';
  }
}

/** How far apart they are where both recovered; how many of each recovered where one never did, or where that says otherwise. */
function effect(a: string, b: string, t: TimeComparison, asked: Asked): string {
  const { differenceMs, restrictedMs = 0, sideA, sideB, time } = t;
  const ms = differenceMs ?? restrictedMs;
  const words = time === 'downtime' ? 'less' : 'sooner';
  if (differenceMs === undefined && time !== 'downtime') return counts(a, b, t, asked);
  const by = ms === 0 ? 'no difference' : `${humanDuration(Math.abs(ms))} ${words} with ${ms > 0 ? a : b}`;
  const all = sideA?.events === sideA?.n && sideB?.events === sideB?.n;
  if (all || differenceMs === undefined) return by;
  return `${by} where ${asked.what === 'runbooks' ? 'both recovered' : 'both detected'}; ${counts(a, b, t, asked)}`;
}

function counts(a: string, b: string, { sideA, sideB }: TimeComparison, { what }: Asked): string {
  const of = (side: typeof sideA): string => `${side?.events ?? 0} of ${side?.n ?? 0}`;
  return `${what === 'runbooks' ? 'recovered in' : 'detected in'} ${of(sideA)} with ${a}, ${of(sideB)} with ${b}`;
}

function neededText({ blocksNeeded, minimumEffectMs = 0 }: TimeComparison, { unit }: Asked): string {
  if (blocksNeeded === undefined) return '';
  const blocks =
    blocksNeeded >= mostBlocks ? `more than ${mostBlocks} ${unit}s` : `about ${countOf(blocksNeeded, unit)}`;
  return `; ${blocks} would show ${humanDuration(minimumEffectMs)}`;
}
