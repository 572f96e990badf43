import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { realRunner } from '../host/run.ts';
import { toolsForTests } from '../../test/support/prometheus.ts';
import { checkRules, refusalsIn } from './check.ts';

const rule = (text: string) => `groups:\n  - name: a\n    rules:\n${text}`;

describe.skipIf(typeof toolsForTests === 'string')('a rule file that promtool refuses', () => {
  it.each([
    [
      'expression',
      rule('      - alert: X\n        expr: rate(foo[5m)\n'),
      /a\.yaml:5: group "a", rule 1, "X": could not parse/,
    ],
    ['field', rule('      - alert: X\n        expr: up\n        fro: 5m\n'), /a\.yaml:6: field fro not found/],
    [
      'template',
      rule('      - alert: X\n        expr: up\n        annotations: {a: "{{ $x "}\n'),
      /a\.yaml: group "a", rule 1, "X": annotation/,
    ],
    [
      'two',
      rule('      - alert: X\n        expr: (\n      - alert: Y\n        expr: )\n'),
      /a\.yaml:5: .* \(and 1 more\)/,
    ],
  ])('by its %s is told with file and line', async (_, text, message) => {
    if (typeof toolsForTests === 'string') return;
    const dir = mkdtempSync(join(tmpdir(), 'check-'));
    try {
      const [bad, good] = [join(dir, 'a.yaml'), join(dir, 'b.yaml')];
      writeFileSync(bad, text);
      writeFileSync(good, rule('      - alert: X\n        expr: up\n'));
      const { prometheus } = toolsForTests;
      await expect(checkRules(realRunner, toolsForTests, [good, bad])).rejects.toThrow(message);
      // By the server, where there is no promtool.
      await expect(checkRules(realRunner, { prometheus }, [good, bad])).rejects.toThrow(message);
      await expect(checkRules(realRunner, { prometheus }, [good])).resolves.toBeUndefined();
      await expect(checkRules(realRunner, toolsForTests, [good])).resolves.toBeUndefined();
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});

it("promtool's words about several files", () => {
  const said =
    '  FAILED:\na.yaml: yaml: unmarshal errors:\n  line 8: field fro not found\n\n  FAILED:\nb.yaml: 5:15: group "a"\n';
  expect(refusalsIn(said, ['a.yaml', 'b.yaml'])).toEqual([
    { file: 'a.yaml', line: 8, why: 'field fro not found' },
    { file: 'b.yaml', line: 5, why: 'group "a"' },
  ]);
});
