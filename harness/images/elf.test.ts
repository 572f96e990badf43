import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { machineArchitecture } from '../host/architecture.ts';
import { elfArchitecture, programArchitecture } from './elf.ts';

const head = (machine: number, data = 1): Buffer => {
  const bytes = Buffer.alloc(20);
  bytes.write('\x7fELF', 'latin1');
  bytes[5] = data;
  bytes.writeUInt16LE(machine, 18);
  return bytes;
};

it('reads what a program is for', () => {
  expect([elfArchitecture(head(62)), elfArchitecture(head(183))]).toEqual(['amd64', 'arm64']);
  expect([
    elfArchitecture(head(243)),
    elfArchitecture(head(183, 2)),
    elfArchitecture(head(62).subarray(0, 19)),
  ]).toEqual([...[undefined, undefined, undefined]]);
  expect(elfArchitecture(Buffer.from('#!/bin/sh\nexec something\n'))).toBeUndefined();
});

it.runIf(process.platform === 'linux')('this very Node.js is for this machine', async () => {
  expect(await programArchitecture(process.execPath)).toBe(machineArchitecture());
});

it('a file of a few bytes is no program', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'firedrill-elf-'));
  writeFileSync(join(dir, 'x'), 'ab');
  expect(await programArchitecture(join(dir, 'x'))).toBeUndefined();
  rmSync(dir, { recursive: true });
});
