import { describe, expect, it } from 'vitest';
import { outagesOf } from '../../harness/analysis/outages.ts';
import { answersOf, quick } from '../../test/support/service.ts';
import { seeded } from '../../harness/model/random.ts';
import pgTornPage from '../pg-torn-page.ts';

describe('the probes of a scenario', () => {
  it('see an outage that lasts a second, whenever it begins', () => {
    const database = pgTornPage.probes.find(({ sli }) => sli === 'database');
    if (database === undefined) throw new Error('no such probe');
    const { periodMs, timeoutMs } = database;
    for (let phaseMs = 0; phaseMs < periodMs; phaseMs += 5) {
      const service = {
        periodMs,
        timeoutMs,
        phaseMs,
        down: [[10_000, 11_000]],
        meanwhile: 'refused',
        answerMs: quick,
      } as const;
      expect(outagesOf(answersOf(service, 20_000, seeded(1)), database, 0, 20_000)).toHaveLength(1);
    }
  });
});
