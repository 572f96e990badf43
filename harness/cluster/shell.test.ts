import { execa } from 'execa';
import { expect, it } from 'vitest';
import { shellScript } from './shell.ts';

it('hands a value to the script as it is, whatever is in it', async () => {
  const since = `it's $HOME; "$(exit 3)"`;
  const script = shellScript('node-logs.sh', { since, lines: 2 });
  const { stdout } = await execa('sh', ['-euc', `${script.split('\n').slice(0, 2).join('\n')}\nprintf %s "$since"`]);
  expect(stdout).toBe(since);
});

it('ends a script that is not told everything', async () => {
  const { exitCode, stderr } = await execa('sh', ['-s'], {
    input: shellScript('node-logs.sh', { lines: 2 }),
    reject: false,
  });
  expect(exitCode).not.toBe(0);
  expect(stderr).toContain('since: seconds since the Unix epoch');
});
