import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pgTornPage } from './pg-torn-page.ts';

const size = 8192;
const [inject] = pgTornPage({ worker: 2 }).inject;
/** The program that joins two pages, as the step has it. */
const program = /perl -e '([^']+)'/.exec(inject !== undefined && 'command' in inject ? inject.command : '')?.[1] ?? '';

/** A heap page with rows of 300 bytes, each filled with its number, from the end downwards (PostgreSQL manual, 73.6). */
function page(rows: number): Buffer {
  const bytes = Buffer.alloc(size);
  bytes.writeUInt16LE(24 + 4 * rows, 12);
  for (let row = 0; row < rows; row++) {
    const offset = size - 300 * (row + 1);
    bytes.writeUInt32LE((offset | (1 << 15) | (300 << 17)) >>> 0, 24 + 4 * row);
    bytes.fill(row + 1, offset, offset + 300);
  }
  return bytes;
}

describe('tearing a page', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'torn-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });
  const tear = (inMemory: Buffer, onDisk: Buffer, block = 1) => {
    const file = join(folder, 'table');
    writeFileSync(file, Buffer.concat([Buffer.alloc(size, 7), onDisk]));
    const { status, stdout, stderr } = spawnSync(
      'perl',
      ['-e', program, inMemory.toString('hex'), file, String(block)],
      {
        encoding: 'utf8',
      },
    );
    return { status, stdout: stdout.trim(), stderr, table: readFileSync(file) };
  };

  it('takes the first half from memory and leaves the second as it was, and says which rows that costs', () => {
    // Thirteen rows lie wholly in the second half, the fourteenth begins before it; two were there already.
    const [now, before] = [page(20), page(2)];
    const torn = tear(now, before);
    expect(torn).toMatchObject({ status: 0, stdout: 'block 1: 20 rows, 11 of them torn' });
    expect(torn.table.subarray(0, size)).toEqual(Buffer.alloc(size, 7));
    expect(torn.table.subarray(size, size + 4096)).toEqual(now.subarray(0, 4096));
    expect(torn.table.subarray(size + 4096)).toEqual(before.subarray(4096));
  });

  it('refuses where nothing would be lost, and leaves the file alone', () => {
    const whole = tear(page(20), page(20));
    expect(whole.status).not.toBe(0);
    expect(whole.stderr).toContain('nothing of this page would be lost');
    expect(whole.table.subarray(size)).toEqual(page(20));
    expect(tear(page(20), page(2), 2).stderr).toContain('not on the disk yet');
    expect(tear(page(20).subarray(1), page(2)).stderr).toContain('a page of 8191 bytes');
  });
});
