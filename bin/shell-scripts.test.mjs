import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { hasShellcheck, shellcheckCalls, shellScripts } from './shell-scripts.mjs';

const files = {
  'a/plain.sh': 'set -eu\n',
  'a/named.sh': '#!/bin/sh\n',
  'images/x/customize': '#!/usr/bin/env bash\n',
  'bin/x': '#!/usr/bin/env node\n',
  LICENSE: 'Apache\n',
  'page.html': '#!/bin/sh\n',
};

describe('what shellcheck reads', () => {
  it('is every *.sh, and what has no suffix and names a shell', () => {
    expect(shellScripts(Object.keys(files), (path) => files[path])).toEqual({
      named: ['a/named.sh', 'images/x/customize'],
      plain: ['a/plain.sh'],
    });
  });

  it('holds scripts of this repository of both kinds', () => {
    const [named, plain] = shellcheckCalls(fileURLToPath(new URL('..', import.meta.url)));
    expect(named).toEqual(expect.arrayContaining(['.ci/run', 'images/node/customize']));
    expect(plain).toEqual(expect.arrayContaining(['--shell=sh', 'manifests/cascade/seed.sh']));
  });

  it.runIf(hasShellcheck())('fails for a script with a mistake', () => {
    const input = '#!/bin/sh\nrm $1\n';
    expect(spawnSync('shellcheck', ['-'], { input }).status).toBe(1);
  });
});
