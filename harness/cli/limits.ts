import { FiredrillError } from '../model/errors.ts';
import { dangerOf, defaultLimits, limitNames, type LimitName, type Limits } from '../model/limits.ts';
import { durationOf } from '../model/units.ts';
import { eachLine } from './lines.ts';

const unitBytes: Readonly<Record<string, number>> = { MB: 1e6, GB: 1e9, MiB: 2 ** 20, GiB: 2 ** 30 };

/** `512 MiB` in bytes; NaN for what is no size. */
function bytesOf(text: string): number {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)\s*(MB|GB|MiB|GiB)$/.exec(text) ?? [];
  return Number(amount) * (unitBytes[unit] ?? Number.NaN);
}

const values: Readonly<Record<LimitName, (text: string) => number>> = {
  memory: bytesOf,
  disk: bytesOf,
  load: (text) => (/^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN),
  time: (text) => durationOf(text) ?? Number.NaN,
};

/**
 * `--abort-if`: `memory<512MiB`, `disk<2GB`, `load>20` (for each CPU), `time>30m` (of one trial); `never`, which takes back all that was said before it, the defaults too; or a
 * file with one of these on each line. Of several of the same name the last one holds.
 * @throws FiredrillError `usage` with what was expected, and the line of a file
 */
export function limitsOf(value: string, before: Limits = defaultLimits): Limits {
  return eachLine('--abort-if', value, (text, where) => ({ text, where })).reduce<Limits>(
    (limits, { text, where }) => (text === 'never' ? {} : { ...limits, ...limitIn(text, where) }),
    before,
  );
}

function limitIn(text: string, where: string): Limits {
  const [, word, sign, amount = ''] = /^(\w+)\s*([<>])\s*(.+)$/.exec(text) ?? [];
  const name = limitNames.find((one) => one === word);
  const value = name === undefined || sign !== dangerOf(name) ? Number.NaN : values[name](amount);
  if (name === undefined || Number.isNaN(value))
    throw new FiredrillError(
      'usage',
      `${where} ${JSON.stringify(text)}: must be memory<512MiB, disk<2GB, load>20 (for each CPU), time>30m (of one trial), or never`,
      { hint: "for example: --abort-if 'memory<1GiB'" },
    );
  return { [name]: value };
}
