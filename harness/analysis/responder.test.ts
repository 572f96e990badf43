import { describe, expect, it } from 'vitest';
import { buildLog } from '../../test/support/log-builder.ts';
import { planOf } from '../../test/support/plan.ts';
import type { TrialEvent } from '../model/events.ts';
import { responderText } from '../reporters/format.ts';
import { analyseTrial } from './record.ts';
import { summarise } from './summary.ts';

/** A trial in which a responder gave these commands: when, and whether they changed anything; the first look fails. */
function answered(trialId: string, commands: readonly (readonly [atMs: number, changes: boolean])[]) {
  const log = buildLog({
    ...{ trialId, runbook: 'cure', endMs: 120_000 },
    probes: [{ sli: 'dns', outages: [[32_000, 71_000]] }],
  });
  const at = log.findIndex(({ type }) => type === 'trial.ended');
  const typed = commands.flatMap(([atMs, changes], index) =>
    (['started', changes ? 'done' : 'failed'] as const).map((state, i) => ({
      ...{ type: 'step' as const, part: 'runbook' as const, index, name: 'x', on: 'workstation', command: 'x' },
      ...{ changes, state, seq: 0, atMs: atMs + i },
    })),
  );
  const events = [
    ...log.slice(0, at),
    ...typed,
    { type: 'responder', how: 'done', says: 'it ended', commands: commands.length, seq: 0, atMs: 110_000 },
    ...log.slice(at),
  ] as TrialEvent[];
  const inOrder = events.sort((a, b) => a.atMs - b.atMs).map((event, seq) => ({ ...event, seq }));
  return analyseTrial(
    inOrder.map((event) => (event.type === 'trial.started' ? { ...event, responder: './agent.sh' } : event)),
  );
}

describe('a responder', () => {
  const record = answered('cure-1', [
    [50_000, false],
    [60_000, true],
    [61_000, true],
  ]);

  it('is measured by its first look, its first change, and how much it typed', () => {
    const onset = record.onset ?? { lo: 0, hi: 0 };
    const zero = (onset.lo + onset.hi) / 2;
    expect(record.responder).toEqual({
      ...{ firstLookMs: 50_000 - zero, firstChangeMs: 60_000 - zero },
      ...{ commands: 3, changes: 2, how: 'done', says: 'it ended' },
    });
    // A look that finds nothing ends with 1 like one that fails.
    expect(record.mitigation).toMatchObject({ commands: 2, failed: 0 });
  });

  it('is told of in reports, and is not taken for doing nothing', () => {
    const plan = planOf(1);
    const responding = {
      ...plan,
      runbooks: plan.runbooks.map((r) => (r.id === 'cure' ? { ...r, responder: './agent.sh', steps: [] } : r)),
    };
    const summary = summarise(responding, [record]).runbooks.find(({ id }) => id === 'cure');
    expect(summary).toMatchObject({
      passive: false,
      responder: { trials: 1, commands: 3, changes: 2, endings: ['it ended'] },
    });
    if (summary !== undefined)
      expect(responderText(summary)).toEqual([
        expect.stringMatching(
          /^first look \S+ s after the onset; first change .*; 3 commands, of which 2 changed something; it ended$/,
        ),
      ]);
  });
});
