import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ESLint } from 'eslint';
import { beforeAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');

const { arrowRules } = (await import(join(root, 'eslint.config.js'))) as { readonly arrowRules: readonly object[] };
const { rooms } = (await import(join(root, 'rooms.js'))) as {
  readonly rooms: Readonly<Record<string, readonly string[]>>;
};

/** Only the arrows, without types: a file that does not exist has none, and each look takes milliseconds. */
let eslint: ESLint;
beforeAll(async () => {
  const { default: tseslint } = await import('typescript-eslint');
  eslint = new ESLint({
    cwd: root,
    overrideConfigFile: true,
    overrideConfig: [
      {
        files: ['**/*.ts'],
        languageOptions: { parser: tseslint.parser },
        plugins: { '@typescript-eslint': tseslint.plugin },
      },
      ...arrowRules,
    ] as never,
  });
});

async function complaints(file: string, code: string): Promise<readonly string[]> {
  const [result] = await eslint.lintText(code, { filePath: join(root, file) });
  return (result?.messages ?? []).map((message) => message.message);
}

/** Where, what is written there, and what the complaint says about mending it. */
const forbidden: readonly (readonly [string, string, RegExp])[] = [
  ['harness/model/x.ts', `import { run } from '../engine/run.ts';`, /model imports nothing of ours/],
  ['harness/model/x.ts', `import type { A } from '../cluster/api.ts';`, /model imports nothing of ours/],
  ['harness/model/x.ts', `import s from '../../scenarios/cni-wipe.ts';`, /model imports nothing of ours/],
  ['harness/model/x.ts', `import fs from 'node:fs';`, /zod only/],
  ['harness/model/x.ts', `import { Pool } from 'pg';`, /zod only/],
  ['harness/analysis/x.ts', `import { run } from '../engine/run.ts';`, /pure functions of stored events/],
  ['harness/analysis/x.ts', `import { k } from '../cluster/docker-provider.ts';`, /pure functions of stored events/],
  ['harness/analysis/nightly/x.ts', `import { k } from '../../cli/load.ts';`, /pure functions of stored events/],
  ['harness/reporters/x.ts', `import { run } from '../engine/run.ts';`, /pure functions of stored events/],
  ['harness/reporters/svg/x.ts', `import { p } from '../../cli/output.ts';`, /pure functions of stored events/],
  ['harness/reporters/x.ts', `import s from '../../scenarios/cni-wipe.ts';`, /stored plan/],
  ['harness/faults/x.ts', `import { y } from './cni-wipe.ts';`, /never import one another/],
  ['harness/faults/x.ts', `import { y } from '../engine/steps.ts';`, /see harness\/model and what they are handed/],
  ['harness/detectors/x.ts', `import { y } from '../probes/dns.ts';`, /see harness\/model and what they are handed/],
  ['harness/detectors/x.ts', `import { y } from './node-not-ready.ts';`, /never import one another/],
  [
    'harness/runbooks/x.ts',
    `import { y } from '../faults/cni-wipe.ts';`,
    /see harness\/model and what they are handed/,
  ],
  ['harness/runbooks/x.ts', `import s from '../../scenarios/cni-wipe.ts';`, /know no scenario/],
  ['harness/probes/x.ts', `import { y } from '../cluster/api.ts';`, /see harness\/model and what they are handed/],
  ['harness/probes/x.ts', `import { y } from '../sampling/sampler.ts';`, /see harness\/model and what they are handed/],
  ['scenarios/x.ts', `import { run } from '../harness/engine/run.ts';`, /a scenario is a declaration/],
  ['scenarios/x.ts', `import { k } from '../harness/cluster/docker-provider.ts';`, /a scenario is a declaration/],
  ['scenarios/x.ts', `import fs from 'node:fs';`, /no package and nothing of Node/],
  [
    'harness/cluster/x.ts',
    `import { r } from '../registry/reaper.ts';`,
    /cluster may import model, host, distributions only/,
  ],
  ['harness/images/x.ts', `import { r } from '../setup/need.ts';`, /a room below both/],
  ['harness/probes/support/x.ts', `import { y } from '../../cluster/api.ts';`, /what they are handed/],
  ['harness/engine/x.ts', `import { p } from '../cli/output.ts';`, /nothing imports cli/],
  ['harness/cluster/x.ts', `import { p } from '../cli/output.ts';`, /nothing imports cli/],
  ['harness/registry/x.ts', `import s from '../../scenarios/cni-wipe.ts';`, /loaded by cli/],
  ['harness/engine/x.ts', `import { f } from '../../test/support/fake-cluster.ts';`, /test\/ is for tests and benches/],
  [
    'harness/cli/commands/x.ts',
    `import { f } from '../../../test/support/plan.ts';`,
    /test\/ is for tests and benches/,
  ],
  ['scenarios/x.ts', `import { f } from '../test/support/service.ts';`, /test\/ is for tests and benches/],
  ['harness/engine/x.ts', `console.log('hello');`, /Unexpected console/],
  ['harness/model/x.ts', `console.error('hello');`, /Unexpected console/],
  ['harness/engine/x.ts', `process.exit(1);`, /only harness\/cli ends the process/],
  ['harness/engine/x.ts', `process.exitCode = 1;`, /only harness\/cli ends the process/],
  ['harness/cluster/x.ts', `process.stdout.write('x');`, /stdout belongs to harness\/cli/],
  ['harness/cluster/x.ts', `process.stderr.write('x');`, /stderr belongs to harness\/cli/],
];

const allowed: readonly (readonly [string, string])[] = [
  ['harness/model/x.ts', `import { z } from 'zod'; import { s } from './units.ts';`],
  ['harness/analysis/x.ts', `import { s } from '../model/units.ts'; import { y } from './log.ts';`],
  ['harness/reporters/x.ts', `import { s } from '../analysis/summary.ts'; import { y } from './svg/bars.ts';`],
  ['harness/faults/x.ts', `import { act } from '../model/define.ts';`],
  ['harness/detectors/x.ts', `import { p } from './support/poll.ts'; import { s } from '../model/units.ts';`],
  ['harness/detectors/support/x.ts', `import { p } from './poll.ts';`],
  ['harness/probes/x.ts', `import { Client } from 'pg'; import net from 'node:net';`],
  ['scenarios/x.ts', `import { dns } from '../harness/probes/dns.ts'; import { s } from '../harness/model/units.ts';`],
  [
    'harness/engine/x.ts',
    `import { s } from '../analysis/summary.ts'; import { k } from '../cluster/docker-provider.ts';`,
  ],
  ['harness/cli/x.ts', `import { s } from '../engine/run.ts'; console.log(1); process.exit(0);`],
  ['harness/engine/x.test.ts', `import { f } from '../../test/support/fake-cluster.ts'; console.log(1);`],
];

describe('arrows between folders', () => {
  it.each(forbidden)('%s must not: %s', async (file, code, message) => {
    const said = await complaints(file, code);
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(message);
  });

  it.each(allowed)('%s may: %s', async (file, code) => {
    expect(await complaints(file, code)).toEqual([]);
  });

  const names = Object.keys(rooms);
  const fileIn = (room: string) => (room === 'scenarios' ? 'scenarios/x.ts' : `harness/${room}/x.ts`);
  it.each(names)('%s: every other room is refused unless rooms.js allows it', async (room) => {
    const refused: string[] = [];
    for (const other of names.filter((name) => name !== room)) {
      const from = room === 'scenarios' ? '../harness' : '..';
      const path = other === 'scenarios' ? '../../scenarios' : `${from}/${other}`;
      const said = await complaints(fileIn(room), `import type { A } from '${path}/a.ts';`);
      if (said.length > 0) refused.push(other);
    }
    expect(refused).toEqual(names.filter((name) => name !== room && !rooms[room]?.includes(name)));
  });

  it('point downwards only: a room imports what stands before it', () => {
    const seen: string[] = [];
    for (const [room, below] of Object.entries(rooms)) {
      expect(seen, room).toEqual(expect.arrayContaining([...below]));
      seen.push(room);
    }
  });

  it('are those of all folders there are', () => {
    const folders = readdirSync(join(root, 'harness'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect([...folders.map(({ name }) => name), 'scenarios'].sort()).toEqual([...names].sort());
  });

  it('are those of the table in CONTRIBUTING.md', () => {
    const rows = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('| `'))
      .map((line) => line.split('|').map((cell) => cell.trim()));
    const told: Record<string, readonly string[]> = {};
    for (const [, where = '', , may = ''] of rows) {
      for (const [, room = ''] of where.matchAll(/`(?:harness\/)?(\w+)\/`/g)) {
        if (!(room in rooms) || may === '') continue;
        const all = names.filter((name) => name !== room);
        told[room] = may === 'everything' ? all : may === 'nothing of ours' ? [] : may.split(', ');
      }
    }
    const sorted = (table: Readonly<Record<string, readonly string[]>>) =>
      Object.fromEntries(Object.entries(table).map(([room, may]) => [room, [...may].sort()]));
    expect(sorted(told)).toEqual(sorted(rooms));
  });
});
