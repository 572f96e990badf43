import { existsSync, readFileSync } from 'node:fs';
import { FiredrillError } from '../model/errors.ts';
import { humanDuration } from '../model/units.ts';
import { formatDuration, parseDuration } from './durations.ts';
import type { OutageRow, ProfileResult } from './result.ts';

/** What the rules must do, as written by the user. */
export type Requirement = {
  /** As it was written. */
  readonly text: string;
} & (
  | {
      readonly kind: 'detected';
      readonly outage: string;
      /** Time to detect at most, ms. */
      readonly withinMs?: number;
      /** The alert that must do it. */
      readonly by?: string;
      /** Before the users notice. */
      readonly beforeUsers: boolean;
    }
  | { readonly kind: 'false-alarms'; readonly most: number }
);

/** A requirement, and whether the rules meet it in every trial that it is about. */
export interface Met {
  readonly requirement: Requirement;
  readonly met: boolean;
  readonly why: string;
}

const forms =
  "'<outage>: detected [within 5m] [before users] [by <AlertName>]' or 'false alarms: at most <n> per hour'";

function parse(text: string): Requirement {
  const bad = new FiredrillError('usage', `--require ${JSON.stringify(text)}: must be ${forms}`, {
    hint: "--require 'etcd-nospace: detected within 5m'",
  });
  const most = /^false alarms: at most (\d+(?:\.\d+)?) per hour$/.exec(text)?.[1];
  if (most !== undefined) return { text, kind: 'false-alarms', most: Number(most) };
  const found = /^([a-z0-9*][a-z0-9-]*): detected(?: within (\w+))?( before users)?(?: by (\w+))?$/.exec(text);
  if (found === null) throw bad;
  const [, outage = '', within, before, by] = found;
  const withinMs = within === undefined ? undefined : parseDuration(within);
  if (within !== undefined && withinMs === undefined) throw bad;
  return {
    text,
    kind: 'detected',
    outage,
    beforeUsers: before !== undefined,
    ...(withinMs === undefined ? {} : { withinMs }),
    ...(by === undefined ? {} : { by }),
  };
}

/**
 * Requirements as they are given: each a requirement, or a file with one a line (empty lines and `#` do not count).
 * @param outages those that are known
 * @throws FiredrillError `usage` for what cannot be read, and for an outage that is in no trial
 */
export function readRequirements(given: readonly string[], outages: readonly string[]): readonly Requirement[] {
  const lines = given.flatMap((text) =>
    existsSync(text)
      ? readFileSync(text, 'utf8')
          .split('\n')
          .map((line) => line.trim())
          .filter((line) => line !== '' && !line.startsWith('#'))
      : [text.trim()],
  );
  const requirements = lines.map(parse);
  for (const each of requirements) {
    if (each.kind === 'detected' && each.outage !== '*' && !outages.includes(each.outage)) {
      throw new FiredrillError('usage', `--require: the corpus has no outage ${each.outage}`, {
        hint: outages.length === 0 ? 'it has none' : `it has: ${outages.join(', ')}`,
      });
    }
  }
  return requirements;
}

/** Holds requirements against a result: of every trial of the outage, in every profile. Their times are shortened where a profile's are, as those of rules. */
export function checkRequirements(
  requirements: readonly Requirement[],
  results: readonly ProfileResult[],
): readonly Met[] {
  return requirements.map((requirement) => {
    const failures =
      requirement.kind === 'detected'
        ? results.flatMap(({ outages }) =>
            outages
              .filter(({ outage }) => requirement.outage === '*' || requirement.outage === outage)
              .flatMap((row) => failuresOf(requirement, row)),
          )
        : results.flatMap(({ profile, total }) =>
            total.perHour === undefined
              ? [`no healthy hour in the profile ${profile}`]
              : total.perHour.rate > requirement.most
                ? [`${total.perHour.rate.toFixed(1)} per hour in the profile ${profile}`]
                : [],
          );
    const [first, ...more] = failures;
    return {
      requirement,
      met: first === undefined,
      why: first === undefined ? 'met' : `${first}${more.length === 0 ? '' : ` (and ${more.length} more)`}`,
    };
  });
}

function failuresOf(
  { withinMs, by, beforeUsers }: Extract<Requirement, { kind: 'detected' }>,
  { outage, trials }: OutageRow,
): readonly string[] {
  return trials.flatMap(({ kept, verdicts }) => {
    const detections = verdicts.filter(
      ({ rule, verdict }) => verdict.state === 'detected' && (by === undefined || rule.name === by),
    );
    const best = detections[0]?.verdict;
    const where = `${outage} (${kept.truth.profile}, ${kept.name})`;
    if (best?.ttdMs === undefined) return [`${where}: missed${by === undefined ? '' : ` by ${by}`}`];
    const { factor } = kept.truth;
    if (withinMs !== undefined && best.ttdMs > withinMs * factor) {
      const short = factor === 1 ? '' : `, and ${formatDuration(withinMs)} is ${humanDuration(withinMs * factor)} here`;
      return [`${where}: detected after ${humanDuration(best.ttdMs)}${short}`];
    }
    if (beforeUsers && (best.leadMs ?? 0) >= 0)
      return [`${where}: detected ${humanDuration(best.leadMs ?? 0)} after the users noticed`];
    return [];
  });
}
