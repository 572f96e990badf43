import { describe, expect, it } from 'vitest';
import { runProcess } from './process.ts';

describe('runProcess', () => {
  it('tells each line of stdout as it comes, and all of it at the end', async () => {
    const lines: string[] = [];
    const { exitCode, stdout } = await runProcess('sh', ['-c', 'echo one; read -r go; echo "$go"'], {
      input: 'two\n',
      onLine: (line) => lines.push(line),
    });
    expect({ exitCode, stdout, lines }).toEqual({ exitCode: 0, stdout: 'one\ntwo\n', lines: ['one', 'two'] });
  });
});
