import { describe, expect, it } from 'vitest';
import { executables } from './shell.ts';

const found = (script: string) => [...executables(script)].sort();

describe('the programs of a script', () => {
  it('are found in pipes, conditions, substitutions and loops, and builtins are not among them', () => {
    expect(found('set -e; if [ -f x ]; then a "$(b | c)"; fi; for i in $(d); do e "$i" || f; done; echo g')).toEqual(
      'a b c d e f'.split(' '),
    );
  });

  it('are found behind the programs that run others', () => {
    expect(found('timeout -k 1 5 a; setsid b & xargs -0 c; nohup env X=1 d; exec e')).toEqual(
      ['a', 'b', 'c', 'd', 'e', 'env', 'nohup', 'setsid', 'timeout', 'xargs'].sort(),
    );
    expect(found(`bash -ec 'a; b'`)).toEqual(['a', 'b', 'bash']);
  });

  it("are not a script's own functions, nor what only a variable knows", () => {
    expect(found('f() { a; }; f; $tool x; "${any}" y')).toEqual(['a']);
  });

  it('are told of only where the script can be read', () => {
    expect(() => executables('if a; then')).toThrow(/cannot be read/);
  });
});
