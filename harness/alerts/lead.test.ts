import { expect, it } from 'vitest';
import { keptTruth } from '../../test/support/corpus.ts';
import { millis } from '../model/units.ts';
import { htmlResult } from './html.ts';
import { judge } from './judge.ts';
import { resultOf } from './result.ts';
import { terminalResult, type TestResult } from './terminal.ts';

/** The onset is known to within four seconds, of which the alert came in the first; users noticed ten seconds later. */
it('shows an alert that came before the users noticed, also before the middle of the onset, as what it is', () => {
  const rule = {
    ...{ kind: 'alert' as const, name: 'Early', title: 'Early', expr: 'a > 1', file: 'a.yaml', line: 1 },
    ...{ forMs: millis(0), keepFiringForMs: millis(0), labels: {}, annotations: {} },
  };
  const healthy = [{ fromMs: 0, toMs: 98_000 }];
  const truth = keptTruth({ onset: { lo: 98_000, hi: 102_000 }, healthy });
  const spans = [{ labels: { alertname: 'Early' }, activeMs: 98_500, firedMs: 98_500 }];
  const verdict = judge(rule, spans, truth, new Set(), { missing: [], failed: false });
  const kept = { name: 'early', dir: '', truth };
  const result: TestResult = {
    variants: [
      { title: '', profiles: resultOf([{ kept, verdicts: [{ rule, verdict, spans, missing: [] }], live: [] }]) },
    ],
    damaged: [],
    met: [],
    prometheus: '2.42.0',
  };
  expect(terminalResult(result, { colour: false, width: 120 })).toMatch(/Early +−1\.5 s +12 s before/);
  expect([...htmlResult(result)].join('')).toContain('TTD −1.5 s');
});
