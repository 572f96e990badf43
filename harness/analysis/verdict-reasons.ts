import { sampleStandardDeviation } from 'simple-statistics';
import { countOf, humanDuration } from '../model/units.ts';
import { endpoints } from '../model/plan.ts';
import type { RunbookSummary } from '../model/summary.ts';
import { atStake, type Fault } from './faults.ts';
import { blocksNeeded, mostBlocks } from './sample-size.ts';
import { leastForTimes, type Race, type Reason } from './race.ts';
import { timeOf } from './significance.ts';
import type { ArmBlock } from './observed.ts';
import { list, pText, signed, timeNames } from './words.ts';

/** Why a runbook is named and each other one is not, one sentence for all of which the same is to be said. */
export function reasonsFor(race: Race, chosen: RunbookSummary): readonly string[] {
  const said = new Map<string, string[]>();
  for (const other of race.arms) {
    if (other === chosen) continue;
    const text = textOf(race.reason(chosen, other), chosen, other, race);
    if (text !== undefined) said.set(text, [...(said.get(text) ?? []), other.id]);
  }
  return [...said].map(([text, ids]) => `${list(ids)} ${text.replaceAll('{is}', ids.length > 1 ? 'are' : 'is')}.`);
}

/** The rest of a sentence about `other`; `{is}` stands for the verb. */
function textOf(
  reason: Reason | undefined,
  chosen: RunbookSummary,
  other: RunbookSummary,
  race: Race,
): string | undefined {
  const riskier = atStake(other) > atStake(chosen) ? ', and {is} riskier' : '';
  switch (reason?.kind) {
    case 'no-data':
      return `gave data in only ${other.n} of ${countOf(other.n + other.invalid + other.unknown, 'trial')}`;
    case 'fault':
      return faultWords(reason.fault, other);
    case 'dropped':
      // The verdict's decisions say when and why.
      return undefined;
    case 'fails':
      return `did not recover in ${countOf(reason.blocks, 'block')} in which ${chosen.id} did`;
    case 'better':
      return betterText(reason.pair, chosen);
    case 'no-worse':
      return `{is} not better by a relevant amount${riskier}`;
    case undefined:
      if (other.recovered.k === 0) return 'never recovered';
      return race.candidates.includes(other)
        ? `{is} not significantly different from ${chosen.id}${riskier}`
        : undefined;
  }
}

/** `never recovered fully`: a fault, after the runbook's name. */
export function faultWords(fault: Fault, other: RunbookSummary): string {
  const words: Readonly<Record<Fault, string>> = {
    'lost-data': 'lost data',
    harm: 'did harm',
    'down-again': 'went down again',
    'never-whole': other.recovered.k === 0 ? 'never recovered' : 'never recovered fully',
    unread: 'had data that could not be read',
    none: '',
  };
  return words[fault];
}

function betterText({ a, times }: NonNullable<ReturnType<Race['pairOf']>>, chosen: RunbookSummary): string {
  const mine = a === chosen.id ? 'a' : 'b';
  const parts = endpoints.flatMap((endpoint) => {
    const { sooner, differenceMs, restrictedMs, interval, pAdjusted } = times[endpoint];
    if (sooner !== mine) return [];
    // Of a difference that is made of what did not recover, the blocks in which both did may say nothing, or the opposite.
    const back = differenceMs !== undefined && differenceMs > 0 === restrictedMs > 0;
    const [lo, hi] = mine === 'a' ? [interval?.lo, interval?.hi] : [interval?.hi, interval?.lo].map((x) => x && -x);
    const facts = [
      ...(back && lo !== undefined && hi !== undefined ? [`95 %: ${signed(lo)} to ${signed(hi)}`] : []),
      ...(pAdjusted === undefined ? [] : [`p ${pText(pAdjusted)}`]),
    ];
    const by = humanDuration(Math.abs(back ? differenceMs : restrictedMs));
    return [`${timeNames[endpoint]} by ${by}${facts.length === 0 ? '' : ` (${facts.join('; ')})`}`];
  });
  return `{is} worse in ${list(parts)}`;
}

/**
 * `about 5 more blocks`: how many would make the differences from the first candidate significant that are not yet, by how much
 * they scatter so far; undefined with fewer than three common blocks. An order of magnitude.
 */
export function moreBlocks(race: Race, first: RunbookSummary, open: readonly RunbookSummary[]): string | undefined {
  const mine = race.blocks.get(first.id);
  const more = open.map((other) => {
    const theirs = race.blocks.get(other.id);
    const pair = race.pairOf(first, other);
    const both = [...(mine?.blocks ?? [])].flatMap(([key, block]): [ArmBlock, ArmBlock][] => {
      const beside = theirs?.blocks.get(key);
      return beside === undefined ? [] : [[block, beside]];
    });
    if (pair === undefined || both.length < 3) return undefined;
    const needed = endpoints.map((endpoint) =>
      blocksNeeded(
        sampleStandardDeviation(both.map(([x, y]) => timeOf(y, endpoint).time - timeOf(x, endpoint).time)),
        pair.times[endpoint].minimumEffectMs,
        open.length,
      ),
    );
    // Either of the two times would do.
    return Math.max(Math.min(...needed), leastForTimes) - both.length;
  });
  if (more.length === 0 || more.includes(undefined)) return undefined;
  const most = Math.max(1, ...more.map((n) => n ?? 0));
  return most >= mostBlocks - leastForTimes
    ? `more than ${mostBlocks} blocks would be needed`
    : `about ${countOf(most, 'more block')}`;
}
