import { execFileSync, spawnSync } from 'node:child_process';
import { getPriority } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { goFirst } from './priority.ts';

const me = String(process.pid);

describe('goFirst', () => {
  it('is asked for once and put back once, when the last of those who asked is done', () => {
    const said: string[] = [];
    const chrt = (...args: readonly string[]) => said.push(args.join(' ')) > 0;
    const nice = getPriority();
    const [one, other] = [goFirst(chrt), goFirst(chrt)];
    one();
    one();
    expect(said).toEqual([`--rr --reset-on-fork --pid 1 ${me}`]);
    other();
    expect(said).toEqual([`--rr --reset-on-fork --pid 1 ${me}`, `--other --pid 0 ${me}`]);
    goFirst(chrt)();
    expect(said).toHaveLength(4);
    expect(getPriority()).toBe(nice);
  });

  it('gets a lower nice value where it gets no more, puts that back, and never throws where it gets nothing', () => {
    const before = getPriority();
    const restore = goFirst(() => false);
    expect(getPriority()).toBeLessThanOrEqual(before);
    restore();
    expect(getPriority()).toBe(before);
  });

  it.runIf(process.platform === 'linux')('raises neither its session nor what it starts', () => {
    // In a process of its own: tests run in threads, and it is the main one that is raised.
    const script = `
      import { execFileSync } from 'node:child_process';
      import { existsSync, readFileSync } from 'node:fs';
      import { goFirst } from ${JSON.stringify(pathToFileURL(join(import.meta.dirname, 'priority.ts')).href)};
      const autogroup = '/proc/self/autogroup';
      const look = () => ({
        session: existsSync(autogroup) ? readFileSync(autogroup, 'utf8') : '',
        own: readFileSync('/proc/self/stat', 'utf8'),
        childs: execFileSync('cat', ['/proc/self/stat'], { encoding: 'utf8' }),
      });
      const before = look();
      const restore = goFirst();
      const during = look();
      restore();
      console.log(JSON.stringify({ before, during, after: look() }));`;
    const [before, during, after] = looks(
      execFileSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], { encoding: 'utf8' }),
    );
    expect(during?.session).toBe(before?.session);
    expect([before, during, after].map((look) => look?.childsPolicy)).toEqual(['0', '0', '0']);
    expect(after?.ownPolicy).toBe(before?.ownPolicy);
    // Round robin where it is allowed at all.
    const allowed = spawnSync('chrt', ['--rr', '1', 'true']).status === 0;
    expect(during?.ownPolicy).toBe(allowed ? '2' : '0');
  });
});

/** What the script saw, with the policies (the 41st field of a process' stat; 0 is the ordinary one) for the whole text. */
function looks(printed: string) {
  const policy = (stat: string) => stat.slice(stat.lastIndexOf(')') + 2).split(' ')[38];
  const seen = JSON.parse(printed) as Record<string, { session: string; own: string; childs: string }>;
  return Object.values(seen).map(({ session, own, childs }) => ({
    session,
    ownPolicy: policy(own),
    childsPolicy: policy(childs),
  }));
}
