import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fakeCluster, type FakeCluster } from '../support/fake-cluster.ts';
import { loadAnywhere } from '../../harness/cli/load.ts';
import { nodePorts } from '../../harness/cluster/ports.ts';
import { kubeadm } from '../../harness/distributions/kubeadm.ts';
import { checksIn, stepProblems } from '../../harness/model/check.ts';
import type { Endpoint } from '../../harness/model/cluster.ts';
import type { Detector } from '../../harness/model/detector.ts';
import type { Fault } from '../../harness/model/fault.ts';
import type { Probe, ProbeSession } from '../../harness/model/probe.ts';
import { profiles } from '../../harness/model/profile.ts';
import type { Runbook } from '../../harness/model/runbook.ts';
import type { Scenario } from '../../harness/model/scenario.ts';
import type { Step } from '../../harness/model/step.ts';
import { instant, minutes } from '../../harness/model/units.ts';
import { samples } from './samples.ts';

/**
 * What every fault, detector, runbook and probe owes, checked on every file of those folders without Docker: a newcomer's
 * file is found by its place, and nothing has to be registered here.
 */

const root = join(import.meta.dirname, '..', '..');
const kinds = ['faults', 'detectors', 'runbooks', 'probes'] as const;
type Kind = (typeof kinds)[number];
interface Parts {
  readonly faults: Fault;
  readonly detectors: Detector;
  readonly runbooks: Runbook;
  readonly probes: Probe;
}

const filesIn = (folder: string) =>
  readdirSync(join(root, folder)).flatMap((name) => /^([a-z0-9-]+)\.ts$/.exec(name)?.[1] ?? []);
const camelCase = (file: string) => file.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
const load = async (path: string) => (await import(pathToFileURL(join(root, path)).href)) as Record<string, unknown>;

const scenarios = new Map<string, Scenario>();
for (const id of filesIn('scenarios')) scenarios.set(id, (await loadAnywhere(id, join(root, 'scenarios'))).scenario);

function partsOf<K extends Kind>(kind: K, scenario: Scenario): readonly Parts[K][] {
  const all: { readonly [P in Kind]: readonly Parts[P][] } = {
    faults: [scenario.fault],
    detectors: scenario.detectors,
    runbooks: scenario.runbooks.map((claimed) => claimed.runbook),
    probes: scenario.probes,
  };
  return all[kind];
}

const idOf = (part: Parts[Kind]) => ('sli' in part ? part.sli : part.id);

/** The part as scenarios use it, else as its factory makes it from a sample or from a distribution alone. */
async function instancesOf<K extends Kind>(kind: K, file: string): Promise<readonly Parts[K][]> {
  const used = [...scenarios.values()].flatMap((scenario) =>
    partsOf(kind, scenario).filter((part) => idOf(part) === file),
  );
  if (used.length > 0) return used;
  const factory = (await load(`harness/${kind}/${file}.ts`))[camelCase(file)] as (
    ...given: readonly unknown[]
  ) => Parts[K];
  try {
    return [factory(...(samples[file] ?? [kubeadm]))];
  } catch (error) {
    throw new Error(
      `${camelCase(file)}() needs more than a distribution: use it in a scenario, or add a sample in test/contract/samples.ts`,
      {
        cause: error,
      },
    );
  }
}

const cases = kinds.flatMap((kind) => filesIn(`harness/${kind}`).map((file) => ({ kind, file })));

/** What must not take the signal's abort for longer than this, ms. Generous for a busy machine, far below any period. */
const atOnceMs = 1000;

/** Settles with the work, or rejects when it is still going on `atOnceMs` after the abort. */
async function endsAfterAbort(work: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
  const controller = new AbortController();
  const working = work(controller.signal).catch(() => 'rejected, which is fine');
  await new Promise((resolve) => setTimeout(resolve, 100));
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`still running ${atOnceMs} ms after the abort`));
    }, atOnceMs);
  });
  controller.abort(new Error('the test aborts'));
  try {
    await Promise.race([working, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Takes connections and never answers: what hangs longest. */
let silent: Server;
let silentEndpoint: Endpoint;
const sockets = new Set<Socket>();
beforeAll(async () => {
  silent = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => {
    silent.listen(0, '127.0.0.1', resolve);
  });
  const address = silent.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  silentEndpoint = { host: '127.0.0.1', port: address.port };
});
afterAll(() => {
  for (const socket of sockets) socket.destroy();
  silent.close();
});

function hangingCluster(): FakeCluster {
  const cluster = fakeCluster({
    exec: ({ signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          reject(new Error('aborted'));
        });
      }),
    endpoints: Object.fromEntries(Object.keys(nodePorts).map((name) => [name, silentEndpoint])),
  });
  cluster.api.hang = true;
  return cluster;
}

const stepsOf = (part: Fault | Runbook): readonly Step[] =>
  'inject' in part ? [...part.prepare, ...part.inject, ...part.undo] : part.steps;

describe.each(cases)('$kind: $file', ({ kind, file }) => {
  it('exports one factory, named as the file', async () => {
    const exports = await load(`harness/${kind}/${file}.ts`);
    expect(exports[camelCase(file)]).toBeTypeOf('function');
    expect(exports['default']).toBeUndefined();
  });

  it('has a docstring that names its source', () => {
    const text = readFileSync(join(root, 'harness', kind, `${file}.ts`), 'utf8');
    const docstring = new RegExp(`/\\*\\*((?:(?!\\*/)[\\s\\S])*)\\*/\\s*export function ${camelCase(file)}\\(`).exec(
      text,
    )?.[1];
    expect(docstring, 'a /** ... */ right above the factory').toBeDefined();
    expect(docstring).toMatch(/Source: \S/);
  });

  it('is called as its file, and says what it is', async () => {
    for (const part of await instancesOf(kind, file)) {
      // A node check is called as its plug-in is, on which the runner of all of them says nothing.
      if (file !== 'node-check') expect(idOf(part)).toBe(file);
      expect(part.title.trim()).not.toBe('');
      if ('source' in part) expect(part.source.trim()).not.toBe('');
    }
  });
});

describe.each(filesIn('harness/faults'))('fault %s', (file) => {
  it('is data: it survives JSON', async () => {
    for (const fault of await instancesOf('faults', file)) expect(JSON.parse(JSON.stringify(fault))).toEqual(fault);
  });

  it('has a witness with regular expressions, and time for it', async () => {
    for (const fault of await instancesOf('faults', file)) {
      expect(fault.witness.length).toBeGreaterThan(0);
      for (const { check } of checksIn(fault)) {
        expect(() => new RegExp(check.expect, 'm')).not.toThrow();
        // A pattern that matches nothing at all would confirm a fault that is not there.
        expect(new RegExp(check.expect, 'm').test(''), `"${check.name}" must not hold on empty output`).toBe(false);
      }
      expect(fault.witnessDeadlineMs).toBeGreaterThan(0);
      expect(fault.witnessDeadlineMs).toBeLessThanOrEqual(minutes(5));
    }
  });

  it('can be undone without anything that inject made, and without the API under test', async () => {
    for (const fault of await instancesOf('faults', file)) {
      expect(fault.inject.length).toBeGreaterThan(0);
      expect(fault.undo.length).toBeGreaterThan(0);
      const text = (steps: readonly Step[]) => steps.map((step) => ('command' in step ? step.command : '')).join('\n');
      const prepared = text(fault.prepare);
      for (const path of text(fault.undo).match(/\/var\/lib\/firedrill\/[\w./-]+/g) ?? []) {
        expect(prepared, `undo uses ${path}, so prepare must save it`).toContain(path.split('/').slice(0, 5).join('/'));
      }
      for (const step of fault.undo) expect(step.on, `undo "${step.name}"`).not.toBe('workstation');
    }
  });

  it('gives every step a command and a time-out', async () => {
    for (const fault of await instancesOf('faults', file)) expect(stepProblems(file, stepsOf(fault))).toEqual([]);
  });
});

describe.each(filesIn('harness/runbooks'))('runbook %s', (file) => {
  it('is data: it survives JSON', async () => {
    for (const runbook of await instancesOf('runbooks', file))
      expect(JSON.parse(JSON.stringify(runbook))).toEqual(runbook);
  });

  it('gives every step a name, a command and a time-out', async () => {
    for (const runbook of await instancesOf('runbooks', file)) {
      expect(stepProblems(file, runbook.steps)).toEqual([]);
      for (const step of runbook.steps) expect(step.name.trim()).not.toBe('');
      expect(new Set(runbook.steps.map((step) => step.name)).size, 'step names are unique').toBe(runbook.steps.length);
    }
  });

  it('says why, and changes something unless it is the control', async () => {
    for (const runbook of await instancesOf('runbooks', file)) {
      expect(runbook.why.trim()).not.toBe('');
      const steps = [...(runbook.before ?? []), ...(runbook.instead ?? []), ...runbook.steps];
      expect(steps.some((step) => step.changes)).toBe(file !== 'wait');
    }
  });
});

describe.each(filesIn('harness/detectors'))('detector %s', (file) => {
  it('states its loop, its period and the least time it could ever need', async () => {
    for (const detector of await instancesOf('detectors', file)) {
      for (const profile of Object.values(profiles)) {
        expect(detector.loop(profile).trim()).not.toBe('');
        expect(detector.periodMs(profile)).toBeGreaterThan(0);
        expect(Number.isFinite(detector.periodMs(profile))).toBe(true);
        expect(detector.leastTtdMs(profile)).toBeGreaterThanOrEqual(0);
        expect(Number.isFinite(detector.leastTtdMs(profile))).toBe(true);
      }
      expect(() => new RegExp(detector.expects)).not.toThrow();
      expect(detector.expects.trim()).not.toBe('');
    }
  });

  it.each(['answers', 'hangs'])('ends at once when aborted while the cluster %s', async (how) => {
    for (const detector of await instancesOf('detectors', file)) {
      await endsAfterAbort(async (signal) => {
        const cluster = how === 'hangs' ? hangingCluster() : fakeCluster();
        const samplesUntilAbort = async function* () {
          await new Promise<void>((resolve) => {
            signal.addEventListener('abort', () => {
              resolve();
            });
          });
          yield* [];
        };
        const context = { cluster, signal, now: () => performance.now(), samples: samplesUntilAbort };
        for await (const reading of detector.watch(context, profiles.stock)) expect(reading.state).toBeTypeOf('string');
      });
    }
  });
});

describe.each(filesIn('harness/probes'))('probe %s', (file) => {
  it('has a period and a time-out', async () => {
    for (const probe of await instancesOf('probes', file)) {
      expect(probe.periodMs).toBeGreaterThan(0);
      expect(probe.timeoutMs).toBeGreaterThan(0);
      expect(probe.timeoutMs).toBeLessThanOrEqual(minutes(1));
    }
  });

  it('ends at once when aborted while the cluster hangs', async () => {
    // Side by side: closing may take its own bounded time, and there is one of each for every scenario.
    await Promise.all(
      (await instancesOf('probes', file)).map(async (probe) => {
        let session: ProbeSession | undefined;
        await endsAfterAbort(async (signal) => {
          session = await probe.open({ cluster: hangingCluster(), now: () => instant(performance.now()), signal });
          await session.attempt(0, signal);
        });
        // It may still want to take back what it made: within its own bound, which the test's time-out holds it to.
        await session?.close();
      }),
    );
  });
});
