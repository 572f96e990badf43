import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alertsTest, type AlertsTestFlags } from '../../harness/cli/commands/alerts-test.ts';
import { FiredrillError } from '../../harness/model/errors.ts';
import { keepTrial, keptTruth } from '../support/corpus.ts';
import { toolsForTests } from '../support/prometheus.ts';

const fromMs = 1_760_000_000_000;
const length = 61;
const values = (of: (i: number) => number | undefined) => Array.from({ length }, (_, i) => of(i));

const rules = `groups:
  - name: ours
    rules:
      - { alert: Down, expr: 'up == 0', for: 15s }
      - { alert: Slow, expr: 'up == 0', for: 5m }
      - { alert: Early, expr: 'queue > 5' }
      - { alert: Never, expr: 'nothing > 5' }
      - { record: 'queue:max', expr: max(queue) }
      - { alert: Recorded, expr: 'queue:max > 50' }
`;

describe.skipIf(typeof toolsForTests === 'string')('alerts test', () => {
  const tools = toolsForTests;
  if (typeof tools === 'string') return;
  let dir: string;
  const at = (...names: string[]): string => join(dir, ...names);
  const run = async (flags: AlertsTestFlags = {}, paths: readonly string[] = [at('rules.yaml')]) => {
    let out = '';
    const context = {
      env: { ...process.env },
      signal: new AbortController().signal,
      lendInterrupts: () => () => undefined,
      ignoreSignals: () => undefined,
      output: {
        result: (text: string) => {
          out += text;
        },
        tell: () => undefined,
        makeRoom: undefined,
        stderr: { isTty: false, columns: 100, colour: false, write: () => undefined },
        stdout: { isTty: false, columns: 100, colour: false },
      },
    };
    const exitCode = await alertsTest(context, paths, { corpus: [at('corpus')], reporter: 'silent', ...flags });
    return { exitCode, out };
  };
  const refusal = async (flags: AlertsTestFlags, paths?: readonly string[]): Promise<string> => {
    const error: unknown = await run(flags, paths).catch((e: unknown) => e);
    return error instanceof FiredrillError && error.code === 'usage'
      ? error.message
      : `no usage error: ${String(error)}`;
  };

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'alerts-'));
    writeFileSync(at('rules.yaml'), rules);
    // The outage begins after 100 s: the queue grows at once, users notice after 10 s, the target is down after 20 s.
    const series = {
      'up{pod="x"}': values((i) => (i >= 24 && i < 50 ? 0 : 1)),
      queue: values((i) => Math.max(0, i - 18)),
    };
    // What the Prometheus beside the trial had stored of its own alerts: one as here, one 15 s later.
    const live = {
      'ALERTS{alertname="Down",pod="x",alertstate="firing"}': values((i) => (i >= 28 && i < 50 ? 1 : undefined)),
      'ALERTS{alertname="Early",alertstate="firing"}': values((i) => (i >= 27 ? 1 : undefined)),
    };
    await keepTrial(tools, at('corpus'), 'cni-wipe-1', { ...series, ...live }, fromMs, 5000, keptTruth({}, fromMs));
    const fast = keptTruth({ profile: 'fast', factor: 1 / 3, evaluationMs: 5000, lookbackMs: 100_000 }, fromMs);
    await keepTrial(tools, at('corpus'), 'cni-wipe-fast-1', series, fromMs, 5000, fast);
    const {
      outage: _outage,
      onset: _onset,
      firstSymptom: _symptom,
      changedMs: _changed,
      ...healthy
    } = keptTruth({ healthy: [{ fromMs, toMs: fromMs + 300_000 }] }, fromMs);
    await keepTrial(
      tools,
      at('corpus'),
      'healthy-1',
      { 'up{pod="x"}': values(() => 1), queue: values(() => 0) },
      fromMs,
      5000,
      healthy,
    );
  });
  afterAll(() => {
    rmSync(dir, { recursive: true });
  });

  it('says what each rule detects, how soon, before or after the users, and its false alarms', async () => {
    const { exitCode, out } = await run({ json: true });
    expect(exitCode).toBe(0);
    const [variant] = (
      JSON.parse(out) as { variants: { profiles: { profile: string; outages: unknown[]; rules: unknown[] }[] }[] }
    ).variants;
    expect(variant?.profiles.map(({ profile }) => profile)).toEqual(['fast', 'stock']);
    expect(variant?.profiles[1]?.outages).toMatchObject([
      {
        outage: 'cni-wipe',
        trials: [
          {
            rules: [
              { rule: 'Early', state: 'detected', ttdMs: 20_000, leadMs: 10_000, flaps: 0 },
              { rule: 'Down', state: 'detected', ttdMs: 35_000, leadMs: 25_000 },
              { rule: 'Slow', state: 'too-short' },
              { rule: 'Never', state: 'no-series', missing: ['nothing'] },
              { rule: 'Recorded', state: 'missed' },
            ],
          },
        ],
      },
    ]);
    // Shortened: 5 s for Down, 100 s for Slow.
    expect(variant?.profiles[0]?.outages).toMatchObject([
      {
        trials: [
          { rules: [{ rule: 'Early' }, { rule: 'Down', ttdMs: 25_000 }, { rule: 'Slow', state: 'late' }, {}, {}] },
        ],
      },
    ]);
    const text = (await run()).out;
    expect(text).toContain('Never can never fire here: no such series nothing');
    expect(text).toMatch(/Down +35 s +25 s after/);
    expect(text).toMatch(/Down +1 of 1 +0 in 6 min 10 s \(at most 29 per hour\)/);
    expect(text).toContain('users noticed after 10 s');
    expect(text.replace(/\s+/g, ' ')).toContain(
      '1 of 2 alerts fired as in the Prometheus that ran beside the trial, to within one evaluation. Not so: Early in cni-wipe-1 (15 s apart).',
    );
  });

  it('what if: another for, another interval', async () => {
    const { out } = await run({ for: [0, 60_000], profile: 'stock' });
    expect(out).toMatch(/# for: 0s[\s\S]*Down +20 s +10 s after[\s\S]*# for: 1m[\s\S]*Down +80 s/);
    // Evaluated at 40, 70, 100, 130, 160 s of the minute that it began in: seen at 130, 15 s later at the next.
    expect((await run({ interval: 30_000, profile: 'stock' })).out).toMatch(/Down +60 s/);
  });

  it('requirements decide the exit code, are shortened with the profile, and are in JUnit and HTML', async () => {
    const kept = { junit: at('out.xml'), html: at('out.html') };
    const met = await run({
      ...kept,
      require: ['cni-wipe: detected within 75s by Down', 'false alarms: at most 1 per hour'],
    });
    expect(met.exitCode).toBe(0);
    const fast = await run({ profile: 'fast', require: ['cni-wipe: detected within 74s by Down'] });
    expect(fast.out).toMatch(/detected after 25 s, and 1m14s is 25 s\s+here/);
    writeFileSync(at('must.txt'), '# what we promise\n\ncni-wipe: detected before users\n*: detected within 30s\n');
    const unmet = await run({ ...kept, profile: 'stock', require: [at('must.txt'), 'cni-wipe: detected by Slow'] });
    expect(unmet.exitCode).toBe(1);
    expect(unmet.out).toContain(
      'NOT MET: cni-wipe: detected before users: cni-wipe (stock, cni-wipe-1): detected 10 s after the users noticed',
    );
    expect(unmet.out).toContain('NOT MET: cni-wipe: detected by Slow: cni-wipe (stock, cni-wipe-1): missed by Slow');
    expect(unmet.out).toContain('\nmet: *: detected within 30s');
    expect(readFileSync(at('out.xml'), 'utf8')).toMatch(/tests="3" failures="2" errors="0"/);
    const html = readFileSync(at('out.html'), 'utf8');
    expect(html).toContain('not met');
    expect(html).toContain('1 rule can never fire here');
    expect(html).toMatch(/Never \(.*rules\.yaml:7\): no such series nothing/);
    expect(html).toMatch(/<td class="detected first"[^>]*><a href="#v0-stock-r2-c0">20 s<\/a>/);
    expect(html).toContain('id="v0-stock-r2-c0"');
    expect(html).toMatch(/<path class="series s0" d="M/);
    expect(html).not.toMatch(/(?:src|href)="(?!#)/);
    expect(html).not.toMatch(/<script|https?:/);
  });

  it("judges names by the outage's right alerts, and by the user's own file", async () => {
    writeFileSync(at('right.yaml'), 'cni-wipe: [Early]\n');
    const { out } = await run({ right: at('right.yaml'), profile: 'stock' });
    expect(out).toMatch(/Early +20 s +10 s after +right/);
    expect(out).toMatch(/Down +35 s +25 s after +\{/);
  });

  it('what is damaged is named in every form and counted in none', async () => {
    const corpus = at('damaged');
    await keepTrial(tools, corpus, 'good', { up: [1, 1] }, fromMs, 5000, keptTruth({}, fromMs));
    await keepTrial(tools, corpus, 'bad', { up: [1, 1] }, fromMs, 5000, keptTruth({ outage: 'coredns-loop' }, fromMs));
    appendFileSync(join(corpus, 'bad', 'metrics.tar.gz'), 'x');
    const kept = { corpus: [corpus], junit: at('damaged.xml'), html: at('damaged.html') };
    const { out } = await run(kept);
    const told = 'bad is damaged: metrics.tar.gz is not what truth.json says';
    expect(out).toContain(`left out: ${told}`);
    expect(out).toContain('on 1 outage');
    expect(readFileSync(at('damaged.html'), 'utf8')).toContain(told);
    expect(readFileSync(at('damaged.xml'), 'utf8')).toContain('<error type="damaged"');
    rmSync(join(corpus, 'good'), { recursive: true });
    expect(await refusal({ corpus: [corpus] })).toContain('all that it has is damaged: bad (');
  });

  it('bad input is one line each', async () => {
    mkdirSync(at('empty'));
    expect(await refusal({}, [at('empty')])).toContain('has no rule files');
    expect(await refusal({}, [at('nowhere')])).toContain('no rules at');
    expect(await refusal({ corpus: [at('empty')] })).toContain('no corpus at');
    expect(await refusal({ require: ['dns-gone: detected'] })).toBe('--require: the corpus has no outage dns-gone');
    expect(await refusal({ require: ['cni-wipe: seen'] })).toContain("must be '<outage>: detected");
    expect(await refusal({ outage: ['dns-gone'] })).toBe('the corpus has no outage dns-gone');
    writeFileSync(at('bad.yaml'), 'groups:\n  - name: a\n    rules:\n      - alert: X\n        expr: rate(foo[5m)\n');
    expect(await refusal({}, [at('bad.yaml')])).toMatch(
      /bad\.yaml:5: group "a", rule 1, "X": could not parse expression/,
    );
    writeFileSync(at('right.txt'), 'cni-wipe: Early\n');
    expect(await refusal({ right: at('right.txt') })).toContain('must be a YAML file of lists of alert names');
    expect(existsSync(at('never'))).toBe(false);
  });
});
