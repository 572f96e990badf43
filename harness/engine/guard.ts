import { cpus, freemem, loadavg } from 'node:os';
import { deadline } from '../host/time.ts';
import { freeBytes } from '../host/disk.ts';
import { FiredrillError } from '../model/errors.ts';
import {
  exceededBy,
  exceededText,
  hintOf,
  looksInARow,
  type Exceeded,
  type HostReading,
  type LimitName,
  type Limits,
} from '../model/limits.ts';
import type { Clock } from './clock.ts';

/** How often the machine is looked at, in ms. */
const everyMs = 1000;

/** Looks at this machine: memory, load, and the fullest of the file systems that these folders are in. */
export async function readHost(folders: readonly string[]): Promise<HostReading> {
  const free = (await Promise.all(folders.map((folder) => freeBytes(folder)))).filter((bytes) => bytes !== undefined);
  return {
    memory: freemem(),
    load: (loadavg()[0] ?? 0) / Math.max(1, cpus().length),
    ...(free.length === 0 ? {} : { disk: Math.min(...free) }),
  };
}

/** A watch over this machine, for as long as it is held. */
export interface Guard extends Disposable {
  /** Aborts with `parent`, and when an abort condition holds. */
  readonly signal: AbortSignal;
  /** The condition that held; undefined while none has. */
  readonly exceeded: () => Exceeded | undefined;
  /** Looks no more: what is being torn down is not to be stopped. */
  readonly standDown: () => void;
}

/**
 * Looks at the machine once a second and aborts as soon as an abort condition holds: memory, disk and load at three looks in a row, time at once. The reason of the signal is a
 * FiredrillError: `timeout` for the time, `environment` for the rest.
 * @param what what is stopped, as an error calls it: `trial wait-1`
 */
export function guardHost(options: {
  readonly what: string;
  readonly limits: Limits;
  readonly read: () => Promise<HostReading>;
  readonly clock: Clock;
  readonly onExceeded: (exceeded: Exceeded) => void;
  readonly parent: AbortSignal;
}): Guard {
  const { what, limits, read, clock, onExceeded, parent } = options;
  const held = deadline(Infinity, parent);
  const { signal } = held;
  const watching = deadline(Infinity, signal);
  let exceeded: Exceeded | undefined;
  const inARow = new Map<LimitName, number>();
  const off = () => watching.signal.aborted;
  const watch = async () => {
    const began = clock.now();
    while (!off()) {
      const found = exceededBy({ ...(await read()), time: clock.now() - began }, limits);
      if (off()) return;
      for (const name of inARow.keys()) if (!found.some((one) => one.name === name)) inARow.delete(name);
      for (const { name } of found) inARow.set(name, (inARow.get(name) ?? 0) + 1);
      exceeded = found.find(({ name }) => name === 'time' || (inARow.get(name) ?? 0) >= looksInARow);
      if (exceeded !== undefined) {
        onExceeded(exceeded);
        held.abort(stopped(what, exceeded));
        return;
      }
      await clock.sleep(everyMs, watching.signal).catch(() => undefined);
    }
  };
  void watch();
  return {
    signal,
    exceeded: () => exceeded,
    standDown: () => {
      watching.abort(new Error('nobody is watched any more'));
    },
    [Symbol.dispose]: () => {
      watching.abort(new Error('nobody is watched any more'));
      watching[Symbol.dispose]();
      held[Symbol.dispose]();
    },
  };
}

const stopped = (what: string, exceeded: Exceeded): FiredrillError =>
  new FiredrillError(
    exceeded.name === 'time' ? 'timeout' : 'environment',
    `${what} was stopped by an abort condition: ${exceededText(exceeded)}`,
    { hint: hintOf(exceeded.name) },
  );
