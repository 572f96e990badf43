import { readdir, readFile, readlink } from 'node:fs/promises';

/** inotify instances of root on this kernel. Nodes' kubelets, containerds and systemds share them with everything else that root runs. */
export interface Inotify {
  /** How many a user may have: `fs.inotify.max_user_instances`. */
  readonly limit: number;
  /** How many root has now, as far as this process may look: all of them only for root. */
  readonly used: number;
}

/** What root has of inotify instances; undefined where there is no such limit (no Linux). */
export async function inotifyOfRoot(proc = '/proc'): Promise<Inotify | undefined> {
  const limit = Number(await readFile(`${proc}/sys/fs/inotify/max_user_instances`, 'utf8').catch(() => Number.NaN));
  if (!Number.isInteger(limit)) return undefined;
  const processes = (await readdir(proc)).filter((name) => /^\d+$/.test(name));
  const counts = await Promise.all(processes.map((pid) => instancesOf(`${proc}/${pid}`)));
  return { limit, used: counts.reduce((sum, count) => sum + count, 0) };
}

/** None for a process of another user, one that has ended meanwhile, and one that may not be looked into. */
async function instancesOf(process: string): Promise<number> {
  try {
    if (!/^Uid:\s+0\s/m.test(await readFile(`${process}/status`, 'utf8'))) return 0;
    const open = await readdir(`${process}/fd`);
    const kinds = await Promise.all(open.map((fd) => readlink(`${process}/fd/${fd}`).catch(() => '')));
    return kinds.filter((kind) => kind === 'anon_inode:inotify').length;
  } catch {
    return 0;
  }
}
