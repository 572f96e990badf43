import { describe, expect, it } from 'vitest';
import { analyseTrial } from '../analysis/record.ts';
import { overviewOf } from '../analysis/overview.ts';
import { summarise } from '../analysis/summary.ts';
import { buildLog, type LogSpec } from '../../test/support/log-builder.ts';
import { planOf } from '../../test/support/plan.ts';
import type { WholeRecord } from '../model/record.ts';
import { millis } from '../model/units.ts';
import { markdownReport } from './markdown.ts';
import { overviewMarkdown } from './overview.ts';
import { rendered } from '../../test/support/rendered.ts';
import { seriesReport, terminalReport } from './terminal.ts';

const evil = '"><script>alert(1)</script> | `x` *b* \u001b[31mred\u001b[0m \u0007 <img src=x onerror=y>';

function trial(trialId: string, goodMs: number, change: Partial<LogSpec> = {}): WholeRecord {
  return analyseTrial(
    buildLog({
      trialId,
      runbook: trialId.replace(/-\d+$/, ''),
      probes: [
        { sli: 'dns', outages: [[32_000, goodMs]] },
        { sli: 'web', bystander: true },
      ],
      steps: trialId.startsWith('wait')
        ? []
        : [{ name: evil, fromMs: 61_000, toMs: 65_000, command: evil, output: evil }],
      detectors: [{ id: 'node', expects: '.' }, { id: 'blind-one' }],
      readings: [
        { atMs: 40_000, detector: 'node', state: 'firing', what: evil },
        { atMs: goodMs + 1000, detector: 'node', state: 'quiet' },
        { atMs: 41_000, detector: 'blind-one', state: 'blind', what: evil },
      ],
      evidence: [evil],
      facts: { fence: 'closed', kernel: evil },
      load: Array.from({ length: 80 }, (_, s) => ({
        type: 'load' as const,
        secondMs: s * 1000,
        good: 40,
        bad: s % 7,
        dropped: 0,
      })),
      endMs: goodMs > 250_000 ? 290_000 : goodMs + 40_000,
      ...change,
    }),
  );
}

const plan = planOf(2);
const records = [
  trial('wait-1', 1e9),
  trial('cure-1', 71_000),
  trial('nuclear-1', 150_000, { audits: [{ store: 'ledger', missing: 3, oldestLostAckMs: 29_000 }] }),
  trial('wait-2', 1e9, { cutAtMs: 60_000 }),
  trial('cure-2', 73_000, { loopDelayP99Ms: 900 }),
];
const summary = summarise(plan, records);
const colourless = { colour: false, width: 120 };
const all = {
  html: () => rendered('html', summary, plan, records),
  json: () => rendered('json', summary, plan, records),
  markdown: () => markdownReport(summary, plan, records),
  terminal: () => terminalReport(summary, plan, colourless),
};

describe.each(Object.entries(all))('%s', (_name, render) => {
  it('is the same bytes every time', () => {
    expect(render()).toBe(render());
  });

  it('contains no NaN, Infinity, undefined or [object Object]', () => {
    expect(render()).not.toMatch(/\bNaN\b|Infinity|undefined|\[object/);
  });

  it('says the verdict', () => {
    expect(render()).toContain('cure');
    expect(render()).toContain('1 of 1');
  });

  it('lets no control character through', () => {
    // JSON escapes them by itself
    expect(render()).not.toMatch(/[\u0000-\u0008\u000b-\u001f]/);
  });
});

describe('checks', () => {
  const finding = { name: 'weather', verdict: 'bad', says: 'it <rained>' } as const;
  const crashed = { name: 'moon', verdict: 'unknown', says: 'the checker crashed: no', crashed: true } as const;
  const seen = records.map((r) => ({ ...r, findings: [finding, crashed] }));
  const told = summarise(plan, seen);

  it('are listed whatever they are called, and one that crashed is beside the verdict', () => {
    const html = rendered('html', told, plan, seen);
    expect(html).toContain('<li>weather: <span class="bad">bad</span>, it &lt;rained&gt;</li>');
    expect(markdownReport(told, plan, seen)).toMatch(/\| weather \| bad \| it .*rained.* \| .*cure-1.*cure-2/);
    expect(told.verdict.warnings.filter((w) => w.startsWith('moon'))).toEqual([
      expect.stringMatching(/^moon is unknown \(the checker crashed: no\): .* and 2 more$/),
    ]);
  });

  it('say nothing of records of before', () => {
    const old = records.map(({ findings: _, ...r }) => r);
    expect(markdownReport(summary, plan, old)).not.toContain('## Checks');
    expect(rendered('html', summary, plan, old)).not.toContain('Checks:');
  });
});

it('a source that does not tell how long recovery took is not given a time', () => {
  const untold = { ...plan, outage: { ...plan.outage, undetectedMs: millis(0), recoveryMs: millis(0) } };
  const pages = (of: typeof plan) => [
    rendered('html', summary, of, records),
    overviewMarkdown(overviewOf([{ plan: of, summary }]), (runId) => runId),
  ];
  for (const page of pages(plan)) expect(page).toMatch(/recovered in 8 h|ended after 8 h/);
  for (const page of pages(untold)) expect(page).not.toMatch(/recovered in 0|ended after|noticed at once/);
});

describe('several scenarios', () => {
  const other = { ...summary, runbooks: summary.runbooks.filter((r) => r.id === 'wait') };
  const lightsOut = { ...plan, scenario: 'lights-out', runId: 'other-run' };
  const outages = overviewOf([
    { plan, summary },
    { plan: lightsOut, summary: other },
  ]);

  it('are one line each: what ended it, what noticed it, what went otherwise than said', () => {
    const [, first, second] = seriesReport(outages, { colour: false, width: 200 }).split('\n');
    expect(first).toMatch(new RegExp(`${summary.scenario} +3 of 6 +cure \\(1 of 1, TTR 4\\d s, downtime \\d+ s`));
    expect(first).not.toContain('nuclear 1');
    expect(second).toMatch(/lights-out +3 of 6 +nothing/);
  });

  it('are a page: a line each, then what the postmortem says beside what was measured, with links to the reports', () => {
    const page = overviewMarkdown(outages, (runId) => `../${runId}/report.md`);
    expect(page).toMatch(/^\| \[`lights-out`\]\(#lights-out\) The outage \| `node` 9\.5 s \| nothing \| `wait` \|$/m);
    expect(page).toContain('## lights-out');
    expect(page).toContain('](../other-run/report.md)');
    expect(page).toMatch(/^\| `cure` \| cures it \| Recovered 1 of 1, stable after 4\d s\. \| as expected \|$/m);
    expect(page).toContain('`blind-one` 0 of 3');
    expect(page).not.toMatch(/\bNaN\b|Infinity|undefined|\[object|[\u0000-\u0009\u000b-\u001f]/);
  });

  it('tells runs of one outage on other nodes apart, in headings that can be linked to', () => {
    const [outage] = outages;
    if (outage === undefined) throw new Error('no overview');
    const on = (containerd: string) => ({ ...outage, nodes: `Kubernetes v1.34.3, containerd ${containerd}` });
    const page = overviewMarkdown([on('1.6.20'), on('v2.2.0')], (runId) => runId);
    expect(page).toContain(`From 2 runs of 1 outage.`);
    expect(page).toContain(`[\`${outage.scenario}\` on containerd v2.2.0](#${outage.scenario}-on-containerd-v220)`);
    expect(page).toContain(`## ${outage.scenario} on containerd v2.2.0\n`);
    expect(page).toContain('nodes with Kubernetes v1.34.3, containerd 1.6.20,');
  });

  it('says of every outage that was not on kubeadm what it was on, other runs or none', () => {
    const k3s = overviewOf([{ plan, summary: { ...summary, distribution: 'k3s (stand-in)' } }]);
    expect(overviewMarkdown(k3s, (runId) => runId)).toContain(`## ${summary.scenario} on k3s (stand-in)\n`);
    expect(seriesReport(k3s, { colour: false, width: 200 })).toContain(`${summary.scenario} on k3s (stand-in)`);
    const both = overviewOf([
      { plan, summary },
      { plan: { ...plan, runId: 'other' }, summary: { ...summary, distribution: 'k3s (stand-in)' } },
    ]);
    expect(both.map(({ distribution = 'kubeadm' }) => distribution)).toEqual(['kubeadm', 'k3s (stand-in)']);
  });
});

describe('html', () => {
  const page = all.html();

  it('escapes whatever came from events, everywhere', () => {
    expect(page).not.toContain('<script');
    expect(page).not.toContain('<img');
    expect(page).toContain('&lt;script&gt;alert(1)');
  });

  it('needs nothing from outside and no JavaScript', () => {
    expect(page).not.toMatch(/<[^>]*\s(src|action)=|href="[^#]|url\(|@import|https?:/);
    expect(page).not.toMatch(/<[^>]*\son\w+=/);
    expect(page).toContain("default-src 'none'");
  });

  it('closes what it opens', () => {
    const open: string[] = [];
    const body = page.slice(page.indexOf('<body>'), page.indexOf('</html>')).replace(/<style>[^]*?<\/style>/, '');
    for (const [, slash, name, self] of body.matchAll(/<(\/?)([a-zA-Z][\w-]*)[^>]*?(\/?)>/g)) {
      if (self === '/' || name === undefined) continue;
      if (slash === '/') expect(open.pop()).toBe(name);
      else open.push(name);
    }
    expect(open).toEqual([]);
  });

  it('has the verdict before everything else, and names for drawings', () => {
    expect(page.indexOf('class="verdict')).toBeLessThan(page.indexOf('What happened'));
    for (const [svg] of page.matchAll(/<svg class="plot[^>]*>/g)) expect(svg).toMatch(/role="img"/);
    for (const [svg] of page.matchAll(/<svg class="plot[^>]*>/g)) expect(svg).toMatch(/aria-label="[^"]+"/);
  });

  it('has no winner in few trials: the candidates, safest first, and none of them is set apart', () => {
    const both = summarise(plan, [trial('nuclear-1', 71_000), trial('cure-1', 80_000)]);
    const few = rendered('html', both, plan, records);
    expect(few).toContain('<h1>Too few trials for a winner</h1>');
    const list = few.slice(few.indexOf('Candidates, safest first'), few.indexOf('How sure'));
    expect(list).toMatch(
      /<li><code>cure<\/code>[^]*TTR 4\d s, downtime \d+ s[^]*<li><code>nuclear<\/code>[^]*at stake/,
    );
    expect(few).not.toContain('class="chosen"');
  });

  it('says when nothing is decided, in its title, and what is missing', () => {
    const verdict = {
      ...summary.verdict,
      candidates: ['cure', 'nuclear'],
      headline: 'Not decided: cure (9 of 9) or nuclear (9 of 9); about 5 more blocks',
    };
    const runbooks = summary.runbooks.map((r) => ({ ...r, n: 9 }));
    const open = rendered('html', { ...summary, runbooks, verdict }, plan, records);
    expect(open).toContain('<h1>Not decided: <code>cure</code> or <code>nuclear</code></h1>');
    expect(open).toContain('about 5 more blocks.</p>');
  });

  it('shows when it was first good, since when it was stable, and that it went down again', () => {
    const [first] = records.filter((r) => r.trialId === 'cure-1');
    if (first === undefined) throw new Error('no trial');
    const again = {
      ...first,
      firstGood: { lo: 20_000, hi: 21_000 },
      downAgain: { afterMs: 40_000, lastedMs: 30_000, slis: ['dns'], totalMs: 30_000, relapse: true },
      watchedStableMs: 180_000,
    };
    const text = rendered('html', summary, plan, [again]);
    expect(text).toContain('<dt>First good</dt><dd>21 s ± 0.5 s</dd>');
    expect(text).toContain('first good 21 s');
    expect(text).toContain('<dt>Stable since (TTR)</dt>');
    expect(text).toContain('<dd>40 s after that, for 30 s: dns</dd>');
    const blip = { ...again.downAgain, lastedMs: 1500, totalMs: 2000, relapse: false };
    expect(rendered('html', summary, plan, [{ ...again, downAgain: blip }])).toContain(
      '<dd>40 s after that, for 1.5 s: dns; 2.0 s in all, a blip</dd>',
    );
    const row = markdownReport(summary, plan, [again])
      .split('\n')
      .find((line) => line.startsWith('| `cure-1`'));
    expect(row).toMatch(/\| 21 s ± 0\.5 s \| 4\d s ± [\d.]+ s \| \d+ s \|/);
  });

  it('says of trials that were read from their timelines what that cannot tell, and of no others', () => {
    const note = /kept without its events[^]*may be too short/;
    const mixed = records.map((r, i) => (i === 0 ? { ...r, from: 'bands' as const } : r));
    for (const format of ['md', 'html'] as const) {
      expect(rendered(format, summary, plan, mixed)).toMatch(note);
      expect(rendered(format, summary, plan, records)).not.toMatch(note);
    }
  });

  it('says in a drawing what is censored', () => {
    expect(page).toContain('wait-1, not recovered: not within 4 min');
  });

  it('stays under 2 MB for 100 trials with flapping probes and long outputs', () => {
    const big = planOf(34);
    const flaps = Array.from({ length: 120 }, (_, i) => [32_000 + i * 2000, 33_000 + i * 2000] as const);
    const one = trial('cure-1', 1e9, {
      probes: Array.from({ length: 9 }, (_, i) => ({ sli: i === 0 ? 'dns' : `sli-${String(i)}`, outages: flaps })),
      steps: Array.from({ length: 12 }, (_, i) => ({
        name: `step ${String(i)}`,
        fromMs: 61_000 + i * 1000,
        toMs: 61_900 + i * 1000,
        output: 'x'.repeat(8000),
      })),
      load: Array.from({ length: 280 }, (_, s) => ({
        type: 'load' as const,
        secondMs: s * 1000,
        good: 40,
        bad: s % 7,
        dropped: 0,
      })),
    });
    const many = big.trials.slice(0, 100).map((t) => ({ ...one, trialId: t.id, runbook: t.runbook }));
    expect(rendered('html', summarise(big, many), big, many).length).toBeLessThan(2_000_000);
  });

  it('draws a hundred of very many trials, what went wrong first, and says so', () => {
    const big = planOf(100);
    const good = trial('cure-1', 71_000);
    const bad = trial('cure-1', 1e9);
    const many = big.trials.map((t, i) => ({ ...(i === 290 ? bad : good), trialId: t.id, runbook: t.runbook }));
    const text = rendered('html', summarise(big, many), big, many);
    expect(text.match(/<details class="trial card"/g)).toHaveLength(100);
    expect(text).toContain('100 of 300 trials are shown');
    expect(text).toMatch(new RegExp(`<summary><code>${big.trials[290]?.id ?? ''}</code>`));
    expect(text.length).toBeLessThan(2_000_000);
    expect(page).not.toContain('trials are shown');
  });

  it('draws the share not back yet from five trials on', () => {
    expect(page).not.toContain('class="survival"');
    const five = planOf(5);
    const some = five.trials.map((t, i) => ({
      ...trial('cure-1', t.runbook === 'cure' && i < 12 ? 70_000 + i * 1000 : 1e9),
      trialId: t.id,
      runbook: t.runbook,
    }));
    const curves = rendered('html', summarise(five, some), five, some);
    expect(curves).toContain('cure, 5 trials: 20 % never');
    expect(curves).toContain('wait, 5 trials: 100 % never');
    expect(curves).not.toContain('cure, 5 trials: all back');
    expect(curves).not.toMatch(/NaN|undefined/);
  });

  it('can say that there are no data', () => {
    expect(rendered('html', summarise(plan, []), plan, [])).toContain('No data: no trial was valid');
  });
});

describe('alarms', () => {
  const [node] = summary.detectors;
  if (node === undefined) throw new Error('no alarm');
  const counts = { ...node.counts, detected: 2, missed: 1 };
  const text = (change: Partial<typeof node>): string =>
    (['html', 'md'] as const)
      .map((format) =>
        rendered(format, { ...summary, detectors: [{ ...node, counts, n: 3, ...change }] }, plan, records),
      )
      .join();

  it('are counted by the trials in which they were asked for long enough', () => {
    expect(text({ asked: 2 }).match(/2 of 2, 1 too short/g)?.length).toBeGreaterThanOrEqual(2);
    expect(text({ asked: 3 })).not.toContain('too short');
    expect(text({ asked: 0, counts: { ...counts, detected: 0 } })).toContain('3 too short');
  });

  it('have no median where less than half noticed', () => {
    const { ttd: _, ...rest } = { ...node, counts, n: 3, notWithinMs: 40_000 };
    const page = markdownReport({ ...summary, detectors: [rest] }, plan, records);
    expect(page).toContain('| not within 40 s |');
  });

  it('have a bound of false alarms only where they could have fired', () => {
    expect(text({ watchedMs: 60_000, couldFireMs: 30_000, perHour: { rate: 0, upper: 360 } })).toContain(
      '0 in 30 s (at most 360 an hour)',
    );
    const { perHour: _, ...rest } = { ...node, watchedMs: 60_000, couldFireMs: 0 };
    expect(markdownReport({ ...summary, detectors: [rest] }, plan, records)).toContain('0, not testable');
  });
});

describe('json', () => {
  it('has sorted keys, a schema version, and everything in the order of the plan', () => {
    const report = JSON.parse(all.json()) as { schemaVersion: number; trials: { trialId: string }[] };
    expect(report.schemaVersion).toBe(1);
    expect(Object.keys(report)).toEqual(['plan', 'schemaVersion', 'summary', 'trials']);
    expect(report.trials.map((t) => t.trialId)).toEqual(['wait-1', 'cure-1', 'nuclear-1', 'wait-2', 'cure-2']);
    expect(rendered('json', summary, plan, [...records].reverse())).toBe(all.json());
  });

  it('is laid out as one value, though it is written trial by trial', () => {
    for (const some of [records, records.slice(0, 1), []]) {
      const text = rendered('json', summarise(plan, some), plan, some);
      expect(text).toBe(`${JSON.stringify(JSON.parse(text), undefined, 2)}\n`);
    }
  });
});

describe('markdown', () => {
  it('keeps its tables whole and lets no markup through', () => {
    const text = all.markdown();
    for (const block of text.split('\n\n').filter((b) => b.startsWith('|'))) {
      const widths = block.split('\n').map((line) => line.replace(/\\\|/g, '').split('|').length);
      expect(new Set(widths).size).toBe(1);
    }
    expect(text).not.toContain('<script');
  });
});

describe('terminal', () => {
  it('fits the width it is given', () => {
    for (const width of [60, 80, 100, 160]) {
      for (const line of terminalReport(summary, plan, { colour: false, width }).split('\n')) {
        expect(line.length).toBeLessThanOrEqual(width);
      }
    }
  });

  it('colours only when asked', () => {
    expect(all.terminal()).not.toContain('\u001b');
    expect(terminalReport(summary, plan, { colour: true, width: 100 })).toContain('\u001b[1m');
  });

  it('marks the runbook to use, and no candidate', () => {
    expect(all.terminal()).not.toMatch(/^>/m);
    const verdict = { ...summary.verdict, kind: 'use' as const, runbook: 'cure' };
    expect(terminalReport({ ...summary, verdict }, plan, colourless)).toMatch(/^> cure /m);
  });

  it('has downtime beside TTR, and full recovery like with like', () => {
    expect(all.terminal()).toMatch(/runbook +recovered +TTR +downtime +fully +data lost +collateral +expected/);
    const [first] = summary.runbooks;
    if (first === undefined) throw new Error('no runbook');
    const half = { ...first, n: 2, fullRecovery: { k: 1, n: 2, meanMs: 40_000, restrictedMs: 140_000, missing: [] } };
    const text = terminalReport({ ...summary, runbooks: [half] }, plan, { colour: false, width: 200 });
    expect(text).toContain('at least 2 min 20 s (1 of 2)');
  });
});
