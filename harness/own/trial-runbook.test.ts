import { describe, expect, it } from 'vitest';
import { buildLog } from '../../test/support/log-builder.ts';
import { analyseTrial } from '../analysis/record.ts';
import { runbookOfMarkdown } from './markdown-runbook.ts';
import { markdownOfRunbook } from './runbook-markdown.ts';
import { runbookOfTrial } from './trial-runbook.ts';

const record = {
  ...analyseTrial(buildLog({ trialId: 'agent-1', runbook: 'agent', probes: [{ sli: 'dns' }], endMs: 120_000 })),
  steps: [
    ['kubectl get pods -A', 'workstation', false, true],
    ["kubectl apply -f - <<'EOF'\na: 1\n```\nEOF", 'workstation', true, true],
    ['systemctl restart kubelet', 'worker 2', true, false],
  ].map(([command, on, changes, ok], i) => ({
    ...{ part: 'runbook', name: String(command).split('\n')[0] ?? '', fromMs: i * 1000, toMs: i * 1000 + 90_000 },
    ...{ on: String(on), command: String(command), changes: changes === true, ok: ok === true },
  })),
};

describe('what was typed in a trial', () => {
  it('is a runbook, which reads back from Markdown to the same steps', () => {
    const claimed = runbookOfTrial(record, { looks: true });
    expect(claimed.runbook.steps).toMatchObject([
      { on: 'workstation', changes: false, optional: true },
      { on: 'workstation', changes: true, timeoutMs: 180_000 },
      { on: { worker: 2 }, command: 'systemctl restart kubelet', optional: true },
    ]);
    const read = runbookOfMarkdown(markdownOfRunbook(claimed), 'agent-1.md');
    expect(read.runbook).toEqual(claimed.runbook);
  });

  it('may leave out what only looked', () => {
    expect(runbookOfTrial(record, { looks: false }).runbook.steps).toHaveLength(2);
  });
});
