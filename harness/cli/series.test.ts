import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import lightsOut from '../../test/cli/fixtures/scenarios/lights-out.ts';
import { buildLog } from '../../test/support/log-builder.ts';
import { FiredrillError } from '../model/errors.ts';
import type { ProgressEvent } from '../model/progress.ts';
import { makePlan } from '../engine/plan.ts';
import { findSeries, newSeries, resumeCommand, runSeries, type RunPart, type Series } from './series.ts';

let out = '';
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), 'firedrill-series-'));
});
afterEach(() => {
  rmSync(out, { recursive: true, force: true });
});

const ids = ['a', 'b', 'c'];
const parts = ids.map((id) => ({ id, distribution: 'kubeadm' as const, scenario: lightsOut }));
const begin = (more: Partial<Series> = {}): Series => ({
  ...newSeries({
    createdEpochMs: Date.UTC(2026, 0, 2, 3, 4, 5),
    asked: ['all'],
    scenarios: ids,
    profile: 'fast',
    seed: 7,
    trials: 1,
    trigger: { kind: 'oracle' },
  }),
  ...more,
});
const read = (id: string) => JSON.parse(readFileSync(join(out, 'series', `${id}.json`), 'utf8')) as Series;

/** A run on disk as the engine leaves it: as many trials as given ended by themselves. */
function store(scenarioId: string, ended: number): string {
  const plan = makePlan({ scenarioId, scenario: lightsOut, profile: 'fast', trials: 1, seed: 7, createdEpochMs: 0 });
  const dir = join(out, scenarioId, plan.runId);
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'plan.json'), JSON.stringify(plan));
  for (const { id, runbook } of plan.trials.slice(0, ended)) {
    mkdirSync(join(dir, 'trials', id), { recursive: true });
    const log = buildLog({
      ...{ trialId: id, scenario: scenarioId, runbook, breaks: ['light'] },
      probes: [{ sli: 'light', outages: [[40_000, 70_000]] }],
      inject: [39_000, 40_000],
      endMs: 200_000,
    });
    const events = log.map((event) => `${JSON.stringify(event)}\n`).join('');
    writeFileSync(join(dir, 'trials', id, 'events.jsonl'), events);
  }
  return dir;
}

interface Seen {
  readonly codes: readonly number[];
  /** The scenarios that were run, those gone on with marked `+`. */
  readonly ran: readonly string[];
  readonly ended: readonly string[];
  readonly failed: readonly string[];
  readonly told: readonly ProgressEvent[];
  /** What was left of the time when each began. */
  readonly left: readonly number[];
}

/** Runs a series of runs that take ten minutes each, on a clock of its own. */
async function play(
  series: Series,
  how: {
    readonly fails?: Readonly<Record<string, Error>>;
    readonly timeoutMs?: number;
    readonly stopAfter?: string;
  } = {},
): Promise<Seen> {
  const ran: string[] = [];
  const ended: string[] = [];
  const failed: string[] = [];
  const told: ProgressEvent[] = [];
  const stop = new AbortController();
  let nowMs = 1000.25;
  const left: number[] = [];
  const run: RunPart = ({ id }, { resume, timeoutMs, onProgress }) => {
    if (timeoutMs !== undefined) left.push(timeoutMs);
    ran.push(resume === undefined ? id : `${id}+`);
    const runDir = store(id, id === how.stopAfter ? 1 : 2);
    onProgress({ type: 'run', scenario: id, profile: 'fast', runDir, trials: 2 });
    nowMs += 600_000;
    const error = how.fails?.[id];
    if (error !== undefined) return Promise.reject(error);
    if (id === how.stopAfter) stop.abort();
    return Promise.resolve({ runDir, exitCode: id === how.stopAfter ? 130 : 0 });
  };
  const codes = await runSeries(series, {
    ...{ out, parts, run, signal: stop.signal, now: () => nowMs },
    ...(how.timeoutMs === undefined ? {} : { timeoutMs: how.timeoutMs }),
    onProgress: (event) => told.push(event),
    onEnded: ({ plan }, news) => {
      ended.push(news ? plan.scenario : `${plan.scenario} (earlier)`);
      return Promise.resolve();
    },
    onFailed: (line) => failed.push(line),
  });
  return { codes, ran, ended, failed, told, left };
}

describe('a series', () => {
  it('runs every scenario, keeps where their runs are, and says how long the rest will take', async () => {
    const series = begin();
    const seen = await play(series);
    expect(seen).toMatchObject({ codes: [0, 0, 0], ran: ids, ended: ids, failed: [] });
    expect(Object.keys(read(series.seriesId).runs)).toEqual(ids);
    const etas = seen.told.flatMap((event) => (event.type === 'series' ? [event.etaMs] : []));
    // The first is a guess; then what the first took says what the others will.
    expect(etas.slice(1).map(Math.round)).toEqual([1_200_000, 600_000]);
  });

  it('goes on with the others when one fails, and has it again the next time', async () => {
    const series = begin();
    const seen = await play(series, { fails: { b: new FiredrillError('environment', 'no space left on device') } });
    expect(seen).toMatchObject({ codes: [0, 5, 0], ended: ids, failed: ['b: no space left on device'] });
    // It is thrown away, and begun again.
    rmSync(join(out, 'b'), { recursive: true });
    expect(await play(read(series.seriesId))).toMatchObject({
      codes: [expect.any(Number), 0, expect.any(Number)],
      ran: ['b'],
      ended: ['a (earlier)', 'b', 'c (earlier)'],
    });
  });

  it('stops where it is interrupted, and goes on with the trials that are missing', async () => {
    const series = begin();
    expect(await play(series, { stopAfter: 'b' })).toMatchObject({ codes: [0, 130], ran: ['a', 'b'] });
    expect(await play(read(series.seriesId))).toMatchObject({ ran: ['b+', 'c'], ended: ['a (earlier)', 'b', 'c'] });
    // More trials are wanted than there are: everything is gone on with.
    expect(await play({ ...read(series.seriesId), trials: 2 })).toMatchObject({ ran: ['a+', 'b+', 'c+'] });
  });

  it('ends when the time for all of it is up', async () => {
    const seen = await play(begin(), { timeoutMs: 1_000_000 });
    expect(seen.left).toEqual([1_000_000, 400_000]);
    expect(seen).toMatchObject({ codes: [0, 0, 124], ran: ['a', 'b'], failed: ['c: timed out before it started'] });
    const late = new FiredrillError('timeout', 'timed out after 1000 s');
    expect(await play(begin(), { fails: { a: late }, timeoutMs: 1_000_000 })).toMatchObject({
      codes: [124],
      ran: ['a'],
    });
  });
});

describe('the series of a name', () => {
  const write = (series: Series) => play(series, { stopAfter: 'a' });

  it('is its id, the start of it, or the latest of those words', async () => {
    const first = begin();
    const second = begin({ seriesId: '20260103-000000-0007' });
    const other = begin({ seriesId: '20260104-000000-0007', asked: ['b', 'a'] });
    for (const series of [first, second, other]) await write(series);
    const found = (name: string, ...asked: string[]) => findSeries(name, out, asked).seriesId;
    expect(found('latest', 'all')).toBe(second.seriesId);
    expect(found('latest', 'a', 'b')).toBe(other.seriesId);
    expect(found('20260102', 'all')).toBe(first.seriesId);
    expect(() => found('2026', 'all')).toThrow(/is ambiguous: it matches 3 series/);
    expect(() => found('nope', 'all')).toThrow(/no series "nope" in /);
    expect(() => found('latest', 'c', 'b')).toThrow(/no series of c b in /);
    expect(() => found('20260104', 'all')).toThrow(/is a series of b a, not of all/);
    expect(resumeCommand(other)).toBe('npm run scenario b a -- --resume 20260104-000000-0007');
  });

  it('says so when the file is no series', async () => {
    const series = begin();
    await write(series);
    writeFileSync(join(out, 'series', `${series.seriesId}.json`), '{"schemaVersion":1}');
    expect(() => findSeries('latest', out, ['all'])).toThrow(/json is not a valid firedrill series: /);
  });
});
