import { describe, expect, it } from 'vitest';
import { minimiseMarkdown, type MinimiseResult } from './minimise.ts';

const result: MinimiseResult = {
  scenario: 'lights-out',
  runbook: 'everything',
  steps: ['look', 'cut the cable', 'switch it on'],
  found: { kept: [2], harmful: [1], tried: [] },
  tried: [
    { part: [0, 1, 2], shown: 'fails', recovered: 0, failed: 2 },
    { part: [2], shown: 'recovers', recovered: 3, failed: 0, ttrMs: 31_000, downtimeMs: 29_000 },
  ],
};

describe('which steps matter', () => {
  it('says what is enough, what does harm, and what each part did', () => {
    const page = minimiseMarkdown(result);
    expect(page).toContain('**One of 3 steps is enough: 3 (switch it on).**');
    expect(page).toContain('Harmful: 2 (cut the cable). With it a part fails that recovers without it.');
    expect(page).toContain('| 1 | look | not needed |');
    expect(page).toContain('| 2 | cut the cable | harmful |');
    expect(page).toContain('| 3 | switch it on | needed |');
    expect(page).toContain('| 1, 2, 3 | 0 of 2 | – | – | fails |');
    expect(page).toContain('| 3 | 3 of 3 | 31 s | 29 s | recovers |');
    expect(page).toContain('in 90 % of trials was told apart from one that recovers in 30 %');
  });

  it('says so where every step is needed, and where nothing recovers', () => {
    expect(minimiseMarkdown({ ...result, found: { ...result.found, kept: [0, 1, 2] } })).toContain(
      'Every step is needed',
    );
    expect(minimiseMarkdown({ ...result, found: { ...result.found, kept: undefined } })).toContain(
      'there is nothing to be made smaller',
    );
  });
});
