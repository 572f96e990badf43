import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * Who a process is. A pid alone is not enough: after a crash or a reboot the same number belongs to somebody else, and a
 * clean-up that trusts it either spares what is dead or kills a stranger.
 */
export interface ProcessIdentity {
  readonly pid: number;
  /** Start time as the kernel tells it (opaque; only ever compared for equality); prefixed by the boot on Linux. */
  readonly started: string;
}

/**
 * Field 22 of /proc/<pid>/stat (proc(5)): start time in clock ticks since boot. The command name (field 2) may hold spaces
 * and parentheses, so fields are counted from the last `)`. Undefined when the text is not such a line.
 */
export function startTimeOfStat(stat: string): string | undefined {
  const fields = stat
    .slice(stat.lastIndexOf(')') + 1)
    .trim()
    .split(/\s+/);
  const value = fields[19];
  return value !== undefined && /^\d+$/.test(value) ? value : undefined;
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

/** The identity of a process that is alive now, or undefined when there is none (or it is a zombie). */
export function identify(pid: number): ProcessIdentity | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return process.platform === 'linux' ? undefined : identifyByPs(pid);
  }
  // A zombie holds its pid and start time but will never clean anything up.
  if (/\)\s+[ZXx]\s/.test(stat.slice(stat.lastIndexOf(')')))) return undefined;
  const ticks = startTimeOfStat(stat);
  return ticks === undefined ? undefined : { pid, started: `${bootId()}/${ticks}` };
}

/** Where there is no /proc (macOS): `ps` tells the start to the second. */
function identifyByPs(pid: number): ProcessIdentity | undefined {
  try {
    const started = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      timeout: 5000,
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
    return started === '' ? undefined : { pid, started };
  } catch {
    return undefined;
  }
}

/** Whether that very process, and not another with its number, is alive. */
export function isAlive(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.started === identity.started;
}
