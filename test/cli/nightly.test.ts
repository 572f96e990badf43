import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nightly, type NightlyFlags } from '../../harness/cli/commands/nightly.ts';
import type { CommandContext } from '../../harness/cli/context.ts';
import { readLines, writeLines } from '../../harness/cli/history.ts';
import { exitCodes } from '../../harness/model/errors.ts';

/** The command on kept runs: what is written, what is not, and the exit code. What it judges is tested where it judges. */

const kept = (scenario: string) =>
  join(import.meta.dirname, '..', '..', 'reports', 'examples', scenario, 'report.json');
let folder: string;
let printed: string;
const file = (name: string) => join(folder, name);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nightly-'));
  printed = '';
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function judge(runs: readonly string[], flags: Partial<NightlyFlags> = {}): Promise<number> {
  const output = {
    stdout: { colour: false, isTty: false, columns: 80 },
    result: (text: string) => (printed += text),
  };
  return nightly({ output } as unknown as CommandContext, runs, {
    out: folder,
    history: file('history.jsonl'),
    baseline: file('baseline.jsonl'),
    expect: [],
    nights: 5,
    ...flags,
  });
}

describe('nightly', () => {
  it('is no data without a baseline, and remembers the night', async () => {
    expect(await judge([kept('pg-wal-corruption')])).toBe(exitCodes.invalid);
    expect(printed).toContain('pg-wal-corruption: there is no baseline yet: --pin makes tonight one');
    const lines = readLines(file('history.jsonl'));
    expect(lines.map((l) => l.arm).sort()).toEqual([
      'pg-resetwal',
      'restart-database',
      'restore-backup',
      'restore-backup-pitr',
      'restore-wal-segment',
      'wait',
    ]);
    expect(lines.find((l) => l.arm === 'pg-resetwal')).toMatchObject({
      withLoss: 1,
      outcomes: { 'recovered-with-loss': 1 },
    });
    const report = JSON.parse(readFileSync(kept('pg-wal-corruption'), 'utf8')) as {
      trials: { runbook: string; badnessMs: number }[];
    };
    for (const { arm, blocks } of lines) {
      expect(blocks.map((b) => b.downtimeMs)).toEqual(
        report.trials.filter((t) => t.runbook === arm).map((t) => t.badnessMs),
      );
    }
    expect(existsSync(file('baseline.jsonl'))).toBe(false);
    expect(readdirSync(folder)).toEqual(['history.jsonl']);
  });

  it('writes a night once, however often it is judged, and leaves others alone', async () => {
    await judge([kept('pg-torn-page')]);
    const once = readFileSync(file('history.jsonl'), 'utf8');
    await judge([kept('pg-torn-page')]);
    expect(readFileSync(file('history.jsonl'), 'utf8')).toBe(once);
    await judge([kept('oom-database')]);
    expect(readFileSync(file('history.jsonl'), 'utf8').startsWith(once)).toBe(true);
  });

  it('pins where it is asked, and a run that is worse than what is pinned is red', async () => {
    const summary = file('summary.md');
    writeFileSync(summary, 'before\n');
    await judge([kept('oom-database')], { pin: 'now', summary });
    expect(readFileSync(summary, 'utf8')).toMatch(
      /^before\n# Nightly run: 1 scenario: 1 no data\n[^]*tonight is the baseline/,
    );
    const pinned = readLines(file('baseline.jsonl'));
    expect(pinned[0]?.facts).toHaveProperty(['plan.profile'], 'fast');
    // The same run as of an earlier night, in which nothing was lost; and tonight one row is.
    const earlier = pinned.map((line) => ({ ...line, runId: 'earlier', epochMs: line.epochMs - 86_400_000 }));
    writeLines(file('baseline.jsonl'), earlier);
    const report = JSON.parse(readFileSync(kept('oom-database'), 'utf8')) as {
      trials: { runbook: string; outcome: string; data: { lost: number } | 'unknown' }[];
    };
    for (const trial of report.trials) {
      if (trial.runbook !== 'scale-down-services' || trial.data === 'unknown') continue;
      trial.outcome = 'recovered-with-loss';
      trial.data.lost = 1;
    }
    writeFileSync(file('tonight.json'), JSON.stringify(report));
    printed = '';
    expect(await judge([file('tonight.json')], { json: true })).toBe(exitCodes.regression);
    expect(JSON.parse(printed)).toMatchObject({
      headline: '1 scenario: 1 red',
      verdicts: [{ verdict: 'red', reason: 'scale-down-services: lost data in 1 of 1 trials, before in none' }],
    });
  });

  it('says which scenario has no run, and that another environment is no regression', async () => {
    await judge([kept('oom-database')], { pin: 'now' });
    const elsewhere = readLines(file('baseline.jsonl')).map((line) => ({
      ...line,
      runId: 'earlier',
      fingerprint: 'other',
      facts: { ...line.facts, 'kernel.release': 'another' },
    }));
    writeLines(file('baseline.jsonl'), elsewhere);
    expect(await judge([kept('oom-database')])).toBe(exitCodes.environment);
    expect(printed).toContain("the environment is not the baseline's (kernel.release: another | ");
    expect(await judge([kept('oom-database')], { expect: ['cni-wipe', 'oom-database'] })).toBe(exitCodes.invalid);
    expect(printed).toContain('cni-wipe: no run tonight');
  });

  it('reads lines from before downtimes were recorded', async () => {
    await judge([kept('oom-database')], { pin: 'now' });
    const old = readFileSync(file('baseline.jsonl'), 'utf8')
      .replace(/"downtimeMs":\d+,/g, '')
      .replace(/"downAgain":\d+,/g, '');
    expect(old).not.toMatch(/downtime|downAgain/);
    writeFileSync(file('baseline.jsonl'), old.replace(/"runId":"[^"]*"/g, '"runId":"earlier"'));
    await judge([kept('oom-database')]);
    expect(printed).toContain('1 night since the baseline: times are not compared below 3');
  });

  it('holds no trials against each other whose numbers are of two definitions', async () => {
    const report = JSON.parse(readFileSync(kept('oom-database'), 'utf8')) as {
      trials: { definitions?: number; slis: { samples: number }[] }[];
    };
    for (const [i, trial] of report.trials.entries()) {
      delete trial.definitions;
      // More requests than the timelines have room for: else it would be computed again by the definitions of today.
      for (const sli of trial.slis) sli.samples += 40;
      if (i === 0) trial.definitions = 2;
    }
    writeFileSync(file('tonight.json'), JSON.stringify(report));
    expect(await judge([file('tonight.json')])).toBe(exitCodes.environment);
    expect(printed).toContain('(definitions: 1 | 2)');
    const key = async (definitions: number | undefined): Promise<string | undefined> => {
      for (const trial of report.trials) {
        delete trial.definitions;
        if (definitions !== undefined) trial.definitions = definitions;
      }
      writeFileSync(file('tonight.json'), JSON.stringify(report));
      await judge([file('tonight.json')]);
      return readLines(file('history.jsonl'))[0]?.fingerprint;
    };
    expect(await key(2)).not.toBe(await key(undefined));
    // One trial of this run cannot be read from its timeline, and is still by the definitions of before.
    printed = '';
    expect(await judge([kept('pg-torn-page')])).toBe(exitCodes.environment);
    expect(printed).toContain('(definitions: 1 | 2)');
  });

  it('loses nothing of a history that cannot be read', async () => {
    await judge([kept('pg-torn-page')]);
    const damaged = `${readFileSync(file('history.jsonl'), 'utf8')}{"schemaVersion":1,\n`;
    writeFileSync(file('history.jsonl'), damaged);
    await expect(judge([kept('oom-database')])).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringMatching(/line 5 of .*history\.jsonl is not a valid entry of a history: /) as string,
      hint: expect.stringMatching(/^sed -i\.bak 5d /) as string,
    });
    expect(readFileSync(file('history.jsonl'), 'utf8')).toBe(damaged);
  });

  it('refuses two runs of one scenario, and none at all', async () => {
    await expect(judge([kept('cni-wipe'), kept('cni-wipe')])).rejects.toThrow(/are both runs of cni-wipe/);
    await expect(judge([])).rejects.toThrow(/needs tonight/);
    expect(readdirSync(folder)).toEqual([]);
  });
});
