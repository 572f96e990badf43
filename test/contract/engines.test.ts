import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import semver from 'semver';
import { expect, it } from 'vitest';
import { z } from 'zod';
// @ts-expect-error plain JavaScript that must run before any package is there
import { tooOldNode as tooOld } from '../../bin/packages.mjs';

const tooOldNode = tooOld as (version: string) => string | undefined;

const root = join(import.meta.dirname, '..', '..');
const engines = z.object({ node: z.string().optional() }).optional();
const lock = z
  .object({
    packages: z.record(
      z.string(),
      z.object({ version: z.string().optional(), engines: z.union([engines, z.array(z.string())]).optional() }),
    ),
  })
  .parse(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')));
const manifest = z
  .object({ engines: z.object({ node: z.string() }) })
  .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));

const version = `${manifest.engines.node.replace('>=', '')}.0`;

it('has no dependency that excludes the oldest Node of the project', () => {
  const excluded = Object.entries(lock.packages).flatMap(([path, entry]) => {
    const range = Array.isArray(entry.engines) ? undefined : entry.engines?.node;
    return range === undefined || semver.satisfies(version, range)
      ? []
      : [`${path}@${entry.version ?? ''} wants ${range}`];
  });
  expect(excluded).toEqual([]);
});

it('turns older Nodes away in one line', () => {
  expect(tooOldNode(version)).toBeUndefined();
  expect(tooOldNode('22.0.0')).toBeUndefined();
  expect(tooOldNode('20.18.3')).toMatch(/^Node 20\.19 or newer is needed, this is 20\.18\.3; .*$/);
  expect(tooOldNode('18.20.0')).toBeDefined();
});
