import { chmodSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { contentKey, pathKey } from './keys.ts';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'keys-'));
  mkdirSync(join(dir, 'a'));
  writeFileSync(join(dir, 'a', 'Dockerfile'), 'FROM scratch\n');
  writeFileSync(join(dir, 'customize'), '#!/bin/sh\n');
});
afterEach(() => {
  rmSync(dir, { recursive: true });
});

describe('pathKey', () => {
  it('is the same for the same content, whatever the times', () => {
    const key = pathKey(dir);
    utimesSync(join(dir, 'customize'), 1, 1);
    expect(pathKey(dir)).toBe(key);
  });

  it.each([
    [
      'a content',
      () => {
        writeFileSync(join(dir, 'a', 'Dockerfile'), 'FROM other\n');
      },
    ],
    [
      'a new file',
      () => {
        writeFileSync(join(dir, 'a', 'x'), '');
      },
    ],
    [
      'an executable bit',
      () => {
        chmodSync(join(dir, 'customize'), 0o755);
      },
    ],
  ])('changes with %s', (_, change) => {
    const key = pathKey(dir);
    change();
    expect(pathKey(dir)).not.toBe(key);
  });
});

it('contentKey does not let parts run together', () => {
  expect(contentKey(['ab', 'c'])).not.toBe(contentKey(['a', 'bc']));
});
