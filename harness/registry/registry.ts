import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { FiredrillError, oneLine } from '../model/errors.ts';
import { identify, isAlive, type ProcessIdentity } from '../host/identity.ts';
import { stateDir } from '../host/folders.ts';

/**
 * What firedrill makes, written down before it is made: one append-only file a run, `<state>/runs/<runId>.jsonl`, each line
 * synced to disk. Whatever instant a process dies at, the next one can read what may exist, and whose it is. The file goes
 * when the last resource is gone.
 */
const resourceKinds = ['cluster', 'network', 'container', 'volume', 'fence', 'dir'] as const;

/** `dir` names are absolute paths. */
export type ResourceKind = (typeof resourceKinds)[number];

export interface Resource {
  readonly kind: ResourceKind;
  readonly name: string;
}

/** What a kept cluster needs to be used again. */
export interface KeptCluster {
  readonly name: string;
  readonly kubeconfig: string;
}

/** A run as the registry on disk tells it. */
export interface RegisteredRun {
  readonly runId: string;
  readonly scenario: string;
  readonly runDir: string;
  readonly owner: ProcessIdentity;
  readonly startedEpochMs: number;
  /** Its process is alive (same pid and same start). */
  readonly alive: boolean;
  /** Intended and not released: may exist. */
  readonly resources: readonly Resource[];
  /** Clusters left on purpose (`--keep`). */
  readonly kept: readonly KeptCluster[];
}

/** The writing side, for the process that owns the run. Synchronous, because nothing may be created before it is on disk. */
export interface RunRegistration {
  readonly runId: string;
  /** Call BEFORE the resource is created. */
  intend(resource: Resource): void;
  /** Call after it is gone for certain. */
  released(resource: Resource): void;
  /** The cluster stays on purpose: `clean` leaves it and what belongs to its run alone unless told `--kept`. */
  keep(cluster: KeptCluster): void;
  /** The run is over. Removes the file when nothing is left, else leaves it for `clean`. */
  end(): void;
}

const identitySchema = z.object({ pid: z.number().int(), started: z.string() });
const resourceSchema = z.object({ kind: z.enum(resourceKinds), name: z.string() });
const lineSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('run'),
    schemaVersion: z.literal(1),
    runId: z.string(),
    scenario: z.string(),
    runDir: z.string(),
    owner: identitySchema,
    epochMs: z.number(),
  }),
  z.object({ type: z.literal('intend'), resource: resourceSchema }),
  z.object({ type: z.literal('released'), kind: z.enum(resourceKinds), name: z.string() }),
  z.object({ type: z.literal('kept'), name: z.string(), kubeconfig: z.string() }),
]);
type Line = z.infer<typeof lineSchema>;

const keyOf = (resource: Resource) => `${resource.kind}:${resource.name}`;
const runsDir = (state: string) => join(state, 'runs');
const fileOf = (state: string, runId: string) => join(runsDir(state), `${runId}.jsonl`);

function append(path: string, line: Line, flags: 'a' | 'ax' = 'a'): void {
  const fd = openSync(path, flags, 0o600);
  try {
    writeSync(fd, `${JSON.stringify(line)}\n`);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** The entry in a folder must be on disk too, else a crash of the machine loses a synced file. */
function syncDir(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * Announces a run of this process. Throws `environment` when the state folder cannot be written (then nothing may be
 * started, because nothing could be cleaned up), `internal` when the id is taken or no file name.
 */
export function registerRun(
  run: { readonly runId: string; readonly scenario: string; readonly runDir: string },
  state: string = stateDir(),
): RunRegistration {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(run.runId)) {
    throw new FiredrillError('internal', `run id ${JSON.stringify(run.runId)} is not usable as a file name`);
  }
  const owner = identify(process.pid);
  if (owner === undefined) throw new FiredrillError('internal', `cannot tell when process ${process.pid} started`);
  const path = fileOf(state, run.runId);
  try {
    mkdirSync(runsDir(state), { recursive: true, mode: 0o700 });
    append(path, { type: 'run', schemaVersion: 1, ...run, owner, epochMs: Date.now() }, 'ax');
    syncDir(runsDir(state));
  } catch (error) {
    if (existsSync(path))
      throw new FiredrillError(
        'environment',
        `run ${run.runId} is running in another process, or left something behind`,
        {
          hint: 'npm run firedrill -- clean',
          cause: error,
        },
      );
    throw new FiredrillError('environment', `cannot write the registry of runs at ${path}: ${oneLine(error)}`, {
      hint: 'FIREDRILL_STATE=<a folder you can write> npm run scenario ...',
      cause: error,
    });
  }
  return {
    runId: run.runId,
    intend: (resource) => {
      append(path, { type: 'intend', resource });
    },
    released: ({ kind, name }) => {
      append(path, { type: 'released', kind, name });
    },
    keep: (cluster) => {
      append(path, { type: 'kept', ...cluster });
    },
    end: () => {
      const now = readRun(path);
      if (now?.resources.length === 0 && now.kept.length === 0) rmSync(path, { force: true });
    },
  };
}

/** All runs of the registry, oldest first. Unreadable files are reported in `damaged`, never guessed at. */
export function readRuns(state: string = stateDir()): {
  readonly runs: readonly RegisteredRun[];
  readonly damaged: readonly string[];
} {
  let names: string[];
  try {
    names = readdirSync(runsDir(state)).filter((name) => name.endsWith('.jsonl'));
  } catch {
    return { runs: [], damaged: [] };
  }
  const runs: RegisteredRun[] = [];
  const damaged: string[] = [];
  for (const name of names.sort()) {
    const path = join(runsDir(state), name);
    const run = readRun(path);
    if (run === undefined) damaged.push(path);
    else runs.push(run);
  }
  runs.sort((a, b) => a.startedEpochMs - b.startedEpochMs);
  return { runs, damaged };
}

/** Marks a dead run's resource as gone, for `clean`. The file goes with the last of them. */
export function settle(runId: string, gone: Resource, state: string = stateDir()): void {
  append(fileOf(state, runId), { type: 'released', kind: gone.kind, name: gone.name });
}

/** Forgets a dead run of which nothing is left. Throws when it is alive. */
export function forget(runId: string, state: string = stateDir()): void {
  const path = fileOf(state, runId);
  if (readRun(path)?.alive === true) throw new FiredrillError('internal', `run ${runId} is alive`);
  rmSync(path, { force: true });
}

function readRun(path: string): RegisteredRun | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
  let head: Extract<Line, { type: 'run' }> | undefined;
  const resources = new Map<string, Resource>();
  const kept = new Map<string, KeptCluster>();
  for (const row of text.split('\n')) {
    const line = parseLine(row);
    // A torn last line is what a crash in the middle of a write leaves: its resource was not created yet.
    if (line === undefined) continue;
    switch (line.type) {
      case 'run':
        head = line;
        break;
      case 'intend':
        resources.set(keyOf(line.resource), line.resource);
        break;
      case 'released':
        resources.delete(keyOf(line));
        if (line.kind === 'cluster') kept.delete(line.name);
        break;
      case 'kept':
        kept.set(line.name, { name: line.name, kubeconfig: line.kubeconfig });
        break;
    }
  }
  if (head === undefined) return undefined;
  return {
    runId: head.runId,
    scenario: head.scenario,
    runDir: head.runDir,
    owner: head.owner,
    startedEpochMs: head.epochMs,
    alive: isAlive(head.owner),
    resources: [...resources.values()],
    kept: [...kept.values()],
  };
}

function parseLine(row: string): Line | undefined {
  try {
    const parsed = lineSchema.safeParse(JSON.parse(row));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
