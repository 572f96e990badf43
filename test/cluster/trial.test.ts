import { execa } from 'execa';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { longToo } from './provided.ts';
import type { ProgressEvent } from '../../harness/model/progress.ts';
import type { WholeRecord } from '../../harness/model/record.ts';

/**
 * The main job, from outside, on real clusters: the very command of the README. State, reports and everything else of these
 * runs live in a folder of their own, so that what is left over can be told from what was there.
 */
const bin = join(import.meta.dirname, '..', '..', 'bin', 'firedrill.mjs');
let dir = '';
let env: Record<string, string> = {};

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'firedrill-test-'));
  env = { FIREDRILL_STATE: join(dir, 'state'), NO_COLOR: '1' };
});
afterAll(async () => {
  await firedrill(['clean']);
  rmSync(dir, { recursive: true });
});

const firedrill = (args: readonly string[]) =>
  execa('node', [bin, ...args], { env, reject: false, timeout: 14 * 60_000, forceKillAfterDelay: 120_000 });

const start = (args: readonly string[]) =>
  execa('node', [bin, 'run', ...args, '--reporter', 'jsonl', '--out', join(dir, 'auto')], {
    env,
    reject: false,
    buffer: false,
    stdout: 'ignore',
  });

/**
 * Waits for the first progress event that matches; rejects when the process ends before. Goes on reading afterwards: a child
 * whose pipe is full stands still.
 */
function event(run: ReturnType<typeof start>, matches: (e: ProgressEvent) => boolean): Promise<void> {
  const seen: string[] = [];
  const lines = createInterface({ input: run.stderr });
  return new Promise((resolve, reject) => {
    lines.on('line', (line) => {
      seen.push(line);
      if (line.startsWith('{') && matches(JSON.parse(line) as ProgressEvent)) resolve();
    });
    lines.on('close', () => {
      reject(new Error(`the run ended before that:\n${seen.slice(-20).join('\n')}`));
    });
  });
}

/** What Docker still has of the runs that this file made: containers, networks, volumes. Other runs are none of its business. */
async function leftovers(): Promise<readonly string[]> {
  const base = join(dir, 'auto');
  const runs = readdirSync(base, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap((scenario) => readdirSync(join(base, scenario.name)));
  if (runs.length === 0) throw new Error('no run has been made: nothing was looked at');
  const docker = async (...args: string[]) =>
    (await execa('docker', args)).stdout.split('\n').filter((line) => line !== '');
  const lists = await Promise.all(
    runs.flatMap((run) => [
      docker('ps', '-a', '--filter', `name=${run}`, '--format', '{{.Names}}'),
      docker('ps', '-a', '--filter', `label=firedrill.run=${run}`, '--format', '{{.Names}}'),
      docker('network', 'ls', '--filter', `label=firedrill.run=${run}`, '--format', '{{.Name}}'),
      docker('volume', 'ls', '--filter', `label=firedrill.run=${run}`, '--format', '{{.Name}}'),
    ]),
  );
  return lists.flat();
}

const records = (scenario: string, out = 'auto'): WholeRecord[] => {
  const base = join(dir, out, scenario);
  return readdirSync(base).flatMap((run) =>
    readdirSync(join(base, run, 'trials')).map(
      (trial) => JSON.parse(readFileSync(join(base, run, 'trials', trial, 'record.json'), 'utf8')) as WholeRecord,
    ),
  );
};

/**
 * Runs one trial of one runbook and gives its record. A machine that was too busy makes a trial `unknown` (exit 4), rightly: then
 * what the record says of timing and of SLIs that should have stayed good is not looked at, all else is.
 */
async function trialOf(
  scenario: string,
  runbook: string,
  { images = 'auto', distribution = 'kubeadm' } = {},
): Promise<WholeRecord> {
  const out = distribution === 'kubeadm' ? images : distribution;
  const run = await firedrill([
    'run',
    scenario,
    '--runbook',
    runbook,
    '--images',
    images,
    '--distribution',
    distribution,
    // A busy machine mends slowly too: only whether it ends is asked here, not when.
    '--horizon',
    '8m',
    // Nothing is to be named here, so no cure needs five minutes more.
    '--confirm',
    'never',
    '--reporter',
    'plain',
    '--out',
    join(dir, out),
  ]);
  const record = records(scenario, out).find((r) => r.runbook === runbook);
  if (record === undefined) throw new Error(`no record:\n${run.stderr}`);
  // A service that flickers once more on a machine without a spare cycle has still been cured.
  const verdicts = record.harness.starved ? ['4 unknown'] : ['0 recovered', '1 relapsed'];
  expect(verdicts, `${record.reason}\n${run.stderr}`).toContain(`${run.exitCode} ${record.outcome}`);
  return record;
}

describe.runIf(longToo)('a cure that something undoes', () => {
  it('is seen to be by the watch that confirms it, and no verdict names it', async () => {
    const scenarios = { FIREDRILL_SCENARIOS: join(import.meta.dirname, 'scenarios') };
    const out = join(dir, 'auto');
    const args = ['undone', '--runbook', 'undone-after-40s', '--horizon', '8m', '--reporter', 'plain', '--out', out];
    const run = await execa('node', [bin, 'run', ...args], {
      env: { ...env, ...scenarios },
      reject: false,
      timeout: 14 * 60_000,
      forceKillAfterDelay: 120_000,
    });
    const [record] = records('undone');
    if (record?.harness.starved === true) return;
    // Where nodes are so slow that it was undone before it was stable, it never recovered.
    // What it took down with it, a bystander too, is harm; that says more than a relapse.
    expect(['relapsed', 'not-recovered', 'harmed'], `${record?.reason ?? ''}\n${run.stderr}`).toContain(
      record?.outcome,
    );
    expect(run.stdout).not.toMatch(/^(Use|Candidates|Do nothing)/m);
  });
});

describe('npm run scenario cni-wipe', () => {
  it('breaks what the postmortem says broke, sees it, and the cure ends it without losing a row', async () => {
    const record = await trialOf('cni-wipe', 'restore-cni-and-pods');
    expect(record.onset).toBeDefined();
    // Of real containers the kernel says it.
    expect(record.harness.crowdedShare).toBeDefined();
    expect(record.ttr).toBeDefined();
    expect(record.ttr).not.toHaveProperty('censored');
    const broke = (name: string) => record.slis.find((s) => s.sli === name)?.broke;
    for (const name of ['pod-start', 'dns', 'service-to-service', 'new-connection'])
      expect(broke(name), name).toBe(true);
    expect(record.detectors.find((d) => d.id === 'probe-failing')?.status).toMatch(/detected|noisy/);
    expect(record.data).toMatchObject({ lost: 0 });
    expect(record.data !== 'unknown' && record.data.stores.find((s) => s.store === 'documents')?.acknowledged).toBe(
      1133,
    );
    expect(record.environment['fence']).toBe('stands');
    expect(record.load.good).toBeGreaterThan(0);
    expect(await leftovers()).toEqual([]);
  });

  it('coredns-loop: CoreDNS dies of the loop plugin as the postmortem quotes it, and a mended resolver ends it', async () => {
    const record = await trialOf('coredns-loop', 'restore-resolver');
    expect(record.slis.find((s) => s.sli === 'dns')?.broke).toBe(true);
    expect(record.ttr).not.toHaveProperty('censored');
    const alarm = record.detectors.find((d) => d.id === 'coredns-fatal');
    expect(alarm?.status).toBe('detected');
    expect(alarm?.what).toMatch(/^\[FATAL\] plugin\/loop: Loop .* detected for zone "\."/);
  });

  it.runIf(longToo)(
    'is the same on a node with no more than upstream has, restored from a snapshot of such nodes',
    async () => {
      const record = await trialOf('cni-wipe', 'restore-cni-and-pods', { images: 'strict' });
      expect(record.environment).toMatchObject({
        'cluster.origin': 'restored from a snapshot',
        'image.node': expect.stringContaining('-strict-') as string,
      });
      expect(record.slis.find((s) => s.sli === 'dns')?.broke).toBe(true);
      expect(record.ttr).not.toHaveProperty('censored');
      expect(record.data).toMatchObject({ lost: 0 });
    },
  );

  it('is ended on k3s by its own commands: links to the plug-ins, a restart of k3s, new pods', async () => {
    const record = await trialOf('cni-wipe', 'restore-cni-and-pods', { distribution: 'k3s' });
    expect(record.environment).toMatchObject({
      distribution: 'k3s (stand-in)',
      'cluster.origin': 'restored from a snapshot',
      fence: 'stands',
    });
    expect(record.steps.map(({ command }) => command).join('\n')).toContain('systemctl restart');
    for (const name of ['pod-start', 'dns']) expect(record.slis.find((s) => s.sli === name)?.broke, name).toBe(true);
    expect(record.ttr).not.toHaveProperty('censored');
    expect(record.data).toMatchObject({ lost: 0 });
  });

  it.each([
    ['Ctrl-C', 130, (run: ReturnType<typeof start>) => run.kill('SIGINT')],
    ['nobody reading any more', 141, (run: ReturnType<typeof start>) => run.stderr.destroy()],
  ])('%s in mid-outage undoes the fault, tears down, and exits %d', async (_, exitCode, interrupt) => {
    const run = start(['cni-wipe', '--runbook', 'wait']);
    await event(run, (e) => e.type === 'phase' && e.name === 'observe' && e.state === 'started');
    interrupt(run);
    const result = await run;
    expect(result.exitCode).toBe(exitCode);
    expect(await leftovers()).toEqual([]);
    const record = records('cni-wipe').findLast((r) => r.runbook === 'wait');
    expect(record?.outcome).toBe('invalid');
    expect(record?.steps.filter((s) => s.part === 'undo').every((s) => s.ok)).toBe(true);
    expect(record?.steps.some((s) => s.part === 'undo')).toBe(true);
  });

  it('kill -9 while nodes are being made, then clean: nothing of it is left', async () => {
    const run = start(['cni-wipe', '--runbook', 'wait']);
    await event(run, (e) => e.type === 'phase' && e.name === 'provision' && (e.detail ?? '').includes('node'));
    await new Promise((resolve) => setTimeout(resolve, 4000));
    run.kill('SIGKILL');
    await run;
    // A node that Docker was making at that instant appears, and is taken back, a moment later: cleaning again must do.
    await expect
      .poll(
        async () => {
          const clean = await firedrill(['clean']);
          return [clean.exitCode, ...(await leftovers())];
        },
        { timeout: 120_000, interval: 3000 },
      )
      .toEqual([0]);
  });
});
