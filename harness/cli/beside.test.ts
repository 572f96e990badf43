import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import lightsOut from '../../test/cli/fixtures/scenarios/lights-out.ts';
import { buildLog } from '../../test/support/log-builder.ts';
import { makePlan } from '../engine/plan.ts';
import type { DistributionName } from '../model/distribution.ts';
import { exitCodes } from '../model/errors.ts';
import type { ProgressEvent } from '../model/progress.ts';
import { rehearseBeside } from './beside.ts';
import type { Part, RunPart } from './series.ts';

let out = '';
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), 'firedrill-beside-'));
});
afterEach(() => {
  rmSync(out, { recursive: true, force: true });
});

const names: readonly DistributionName[] = ['kubeadm', 'k3s'];
const parts = names.map((distribution) => ({ id: 'lights-out', distribution, scenario: lightsOut }));
const never = new AbortController().signal;

describe('one outage on two distributions', () => {
  it('has a run for each, in the same blocks, and their runbooks beside each other', async () => {
    const order: string[] = [];
    const told: ProgressEvent[] = [];
    const printed: string[] = [];
    /** As the engine: a plan, its blocks in turn, events on disk. */
    const run: RunPart = async ({ id, scenario, distribution }, { shared, onProgress }) => {
      if (shared === undefined) throw new Error('a run by itself');
      const at = shared.createdEpochMs;
      const seed = 7 + names.indexOf(distribution);
      const plan = makePlan({
        ...{ scenarioId: id, scenario, profile: 'fast', distribution, trials: 2, seed },
        ...{ beside: shared.runs, createdEpochMs: at },
      });
      expect(plan.runId).toBe(shared.who);
      const runDir = join(out, id, plan.runId);
      mkdirSync(runDir, { recursive: true });
      writeFileSync(join(runDir, 'plan.json'), JSON.stringify(plan));
      for (let block = 1; block <= 2; block++) {
        const end = await shared.turns.take(shared.who, block, never);
        for (const trial of plan.trials.filter((one) => one.block === block)) {
          order.push(`${distribution} ${String(block)}`);
          onProgress({ type: 'trial', id: trial.id, runbook: trial.runbook, index: 1, of: 4, etaMs: 0 });
          mkdirSync(join(runDir, 'trials', trial.id), { recursive: true });
          const log = buildLog({
            ...{ trialId: trial.id, scenario: id, runbook: trial.runbook, breaks: ['light'] },
            probes: [{ sli: 'light', outages: [[40_000, distribution === 'k3s' ? 60_000 : 70_000]] }],
            facts: { distribution: distribution === 'k3s' ? 'k3s (stand-in)' : 'kubeadm', kernel: '6.1' },
            inject: [39_000, 40_000],
            endMs: 200_000,
          });
          const events = log.map((event) => `${JSON.stringify(event)}\n`).join('');
          writeFileSync(join(runDir, 'trials', trial.id, 'events.jsonl'), events);
        }
        end();
      }
      shared.turns.leave(shared.who);
      return { runDir, exitCode: distribution === 'k3s' ? exitCodes.notRecovered : exitCodes.done };
    };
    const output = {
      result: (text: string) => printed.push(text),
      stdout: { isTty: false, columns: 100, colour: false },
    };
    const seedOf = ({ distribution }: Part): number => 7 + names.indexOf(distribution);
    const how = { parts, blocks: 2, seedOf, run, onProgress: (event: ProgressEvent) => told.push(event) };
    const code = await rehearseBeside({ output } as unknown as Parameters<typeof rehearseBeside>[0], how, false);

    expect(code).toBe(exitCodes.notRecovered);
    // Both runs' first blocks are over before either begins its second.
    expect(order.map((one) => one.split(' ')[1])).toEqual([...order.map((one) => one.split(' ')[1])].sort());
    expect(new Set(order.map((one) => one.split(' ')[0]))).toEqual(new Set(names));
    expect(told[0]).toMatchObject({ runbook: expect.stringMatching(/ on (kubeadm|k3s)$/) as string });
    const page = printed.join('\n');
    expect(page).toContain('lights-out on k3s (stand-in)');
    expect(page).toContain('drew their trials into the same blocks');
    expect(page).not.toContain('environments differ');
    const file = /Also in (\S+)/.exec(page)?.[1] ?? '';
    expect(readFileSync(file, 'utf8')).toContain('k3s (stand-in)');
  });
});
