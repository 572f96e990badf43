import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { defaultLimits } from '../model/limits.ts';
import { limitsOf } from './limits.ts';

it('one condition changes the default of its name, and no other', () => {
  expect(limitsOf('memory<1GiB')).toEqual({ ...defaultLimits, memory: 2 ** 30 });
  expect(limitsOf('load > 2.5', limitsOf('time>30m'))).toEqual({ ...defaultLimits, load: 2.5, time: 1_800_000 });
  expect(limitsOf('disk<2GB', limitsOf('never'))).toEqual({ disk: 2e9 });
});

it.each(['memory>1GiB', 'memory<1', 'load<3', 'load>many', 'time>30', 'cpu>3', 'time', ''])('%s is refused', (text) => {
  expect(() => limitsOf(text)).toThrow(/^--abort-if ".*": must be memory<512MiB/);
});

it('a file has one a line, and its error names the line', () => {
  const dir = mkdtempSync(join(tmpdir(), 'firedrill-limits-'));
  const file = join(dir, 'limits');
  try {
    writeFileSync(file, '# ours\nmemory<2GiB # of 8\n\ntime>1h\n');
    expect(limitsOf(file)).toEqual({ ...defaultLimits, memory: 2 ** 31, time: 3_600_000 });
    writeFileSync(file, 'memory<2GiB\nmemory\n');
    expect(() => limitsOf(file)).toThrow(`${file}:2 "memory"`);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
