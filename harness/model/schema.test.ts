import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ms, parseAs, problemsOf, text, version } from './schema.ts';

const run = z.object({
  schemaVersion: version,
  kind: z.enum(['a', 'b']),
  trials: z.array(z.object({ trialId: text, atMs: ms })),
});
const good = { schemaVersion: 1, kind: 'a', trials: [{ trialId: 'cure-1', atMs: 5 }] };

describe('what is not like a schema', () => {
  it.each([
    [
      { ...good, trials: [{ trialId: 'cure-1', atMs: '5' }] },
      ['trials[cure-1].atMs: expected number, received string'],
    ],
    [{ ...good, trials: [null] }, ['trials[0]: expected object, received null']],
    [{ ...good, kind: undefined, trials: undefined }, ['kind: is missing', 'trials: is missing']],
    [{ ...good, kind: 'c' }, ['kind: expected one of "a"|"b"']],
    [{ ...good, schemaVersion: 2 }, ['schemaVersion: written by another version of firedrill']],
    [[], ['expected object, received array']],
    [undefined, ['expected object, received undefined']],
  ])('of %j is told with its place', (value, problems) => {
    expect(problemsOf(run, value)).toEqual(problems);
  });

  it('is nothing of what is, whatever else is in it', () => {
    expect(problemsOf(run, { ...good, later: 1 })).toEqual([]);
  });
});

describe('a JSON text', () => {
  it('is taken as it stands, with fields that the schema does not know', () => {
    expect(parseAs(run, JSON.stringify({ ...good, later: 1 }))).toEqual({ ...good, later: 1 });
  });

  it('is refused in one line', () => {
    expect(() => parseAs(run, '{')).toThrow(/^not JSON \(.+\)$/);
    expect(() => parseAs(run, '{}')).toThrow(/^schemaVersion: is missing$/);
  });
});
