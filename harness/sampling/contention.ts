import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fromKernel, parseCpuTicks, parseSchedstat, type Contention } from './health.ts';

/** The kernel's clock tick in /proc, ms: USER_HZ is 100 on every architecture that Node.js has. */
const tickMs = 10;

/** CPU time that a process and its children that ended have used, ms, from the text of its /proc/<pid>/stat. */
export function parseUsed(text: string): number | undefined {
  // From the 3rd field on: the 2nd is the program's name, which may have blanks and brackets. utime stime cutime cstime are 14 to 17.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const used = fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0);
  return fields.length < 15 || Number.isNaN(used) ? undefined : used * tickMs;
}

/** Where a container's CPU time is counted: its group among the lines of a process' /proc/<pid>/cgroup, of either version. */
export function groupOf(
  text: string,
  container: string,
): { readonly version: 1 | 2; readonly path: string } | undefined {
  for (const [, controllers = '', path = ''] of text.matchAll(/^\d+:([^:\n]*):(.*)$/gm)) {
    const end = path.indexOf(container);
    if (end < 0 || !(controllers === '' || controllers.split(',').includes('cpuacct'))) continue;
    const version = controllers === '' ? 2 : 1;
    return { version, path: path.slice(0, end) + (path.slice(end).split('/')[0] ?? '') };
  }
  return undefined;
}

/**
 * Looks at how the trial's containers share the CPUs with what does not belong to the trial, each time since the last look (the first is taken
 * at once); gives nothing where the kernel does not say (no Linux, or processes of containers are not to be seen).
 *
 * A wait counts for every thread of a container that lives at the look; the time that others took is what the machine was busy less what
 * the containers' groups and this process with its ended children used: other programs and other trials, and also Docker and the kernel's
 * own threads. A look reads a file of each process of the machine, and one of each thread in the containers: 19 ms of
 * CPU where there are 300 and 900.
 *
 * @param containers their full ids
 */
export function watchContention(
  containers: readonly string[],
  { proc = '/proc', groups = '/sys/fs/cgroup', now = () => performance.now() } = {},
): () => Contention | undefined {
  const list = (folder: string): readonly string[] => {
    try {
      return readdirSync(folder).filter((name) => /^\d+$/.test(name));
    } catch {
      return [];
    }
  };

  /** CPU time of a container since it was started, ms. */
  const usedBy = ({ version, path }: { readonly version: 1 | 2; readonly path: string }): number | undefined => {
    const [file, parse] =
      version === 1
        ? [join(groups, 'cpuacct', path, 'cpuacct.usage'), (text: string) => Number(text) / 1e6]
        : [join(groups, path, 'cpu.stat'), (text: string) => Number(/^usage_usec (\d+)/m.exec(text)?.[1]) / 1e3];
    const ms = fromKernel(file, parse);
    return Number.isFinite(ms) ? ms : undefined;
  };

  const look = () => {
    const used = new Map<string, number>();
    const threads = new Map<string, { readonly ran: number; readonly waited: number }>();
    for (const pid of list(proc)) {
      const text = fromKernel(join(proc, pid, 'cgroup'), (all) => all);
      const container = containers.find((id) => text?.includes(id));
      if (text === undefined || container === undefined) continue;
      const group = used.has(container) ? undefined : groupOf(text, container);
      const total = group === undefined ? undefined : usedBy(group);
      if (total !== undefined) used.set(container, total);
      for (const tid of list(join(proc, pid, 'task'))) {
        const thread = fromKernel(join(proc, pid, 'task', tid, 'schedstat'), parseSchedstat);
        if (thread !== undefined) threads.set(tid, thread);
      }
    }
    const machine = fromKernel(join(proc, 'stat'), parseCpuTicks);
    const own = fromKernel(join(proc, 'self/stat'), parseUsed);
    return machine === undefined || own === undefined ? undefined : { atMs: now(), machine, own, used, threads };
  };

  let before = look();
  return () => {
    const [last, next] = [before, look()];
    before = next;
    if (last === undefined || next === undefined || next.used.size === 0) return undefined;
    const wallMs = next.atMs - last.atMs;
    const allMs = (next.machine.all - last.machine.all) * tickMs;
    if (wallMs <= 0 || allMs <= 0) return undefined;
    let ran = 0;
    let waited = 0;
    for (const [tid, thread] of next.threads) {
      const earlier = last.threads.get(tid);
      // Fewer than before: another thread has the number now.
      const since = earlier === undefined || thread.ran < earlier.ran ? { ran: 0, waited: 0 } : earlier;
      ran += thread.ran - since.ran;
      waited += Math.max(0, thread.waited - since.waited);
    }
    let used = 0;
    for (const [id, total] of next.used) {
      const earlier = last.used.get(id) ?? 0;
      // Less than before: it was switched off and on, and counts from zero again.
      used += total < earlier ? total : total - earlier;
    }
    const busyMs = (next.machine.busy - last.machine.busy) * tickMs;
    const othersMs = busyMs - used - (next.own - last.own);
    const round = (x: number): number => Math.round(Math.max(0, x) * 1000) / 1000;
    return {
      nodesRunning: round(ran / wallMs),
      nodesWaiting: round(waited / wallMs),
      othersShare: round(othersMs / allMs),
    };
  };
}
