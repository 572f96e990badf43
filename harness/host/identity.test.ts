import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { identify, isAlive, startTimeOfStat } from './identity.ts';

const fields = (start: string) => `S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 ${start} 20 21`;

describe('the identity of a process', () => {
  it('reads the start time behind a command name with spaces and parentheses', () => {
    expect(startTimeOfStat(`42 (node) ${fields('777')}`)).toBe('777');
    expect(startTimeOfStat(`42 (a) b) (c 1 2) ${fields('778')}`)).toBe('778');
    expect(startTimeOfStat('nonsense')).toBeUndefined();
  });

  it('knows itself', () => {
    const self = identify(process.pid);
    expect(self).toBeDefined();
    expect(isAlive(self!)).toBe(true);
  });

  it('is not fooled by another process with the same number', () => {
    const self = identify(process.pid)!;
    expect(isAlive({ pid: self.pid, started: `${self.started}0` })).toBe(false);
  });

  it('says that a finished process is not alive', async () => {
    const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'ignore'] });
    const identity = identify(child.pid!)!;
    expect(isAlive(identity)).toBe(true);
    child.kill('SIGKILL');
    await once(child, 'close');
    expect(isAlive(identity)).toBe(false);
  });
});
