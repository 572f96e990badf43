#!/usr/bin/env node
// `npm run docs`: the documentation as a site, under docs/.vitepress/dist. Fails on a link that leads nowhere. DOCS_BASE is the path that it is published under.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runChild } from './children.mjs';
import { requirePackages } from './packages.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const docs = join(root, 'docs');
const dist = join(docs, '.vitepress', 'dist');
const base = process.env.DOCS_BASE ?? '/';
const bin = (name) => join(docs, 'node_modules', '.bin', name);

// Links out of the site are not followed: they would make the build depend on other people's servers.
const noOthers = ['--skip', String.raw`^https?://(?!localhost|127\.)`];
const steps = [
  [process.execPath, ['--import', 'tsx', 'docs/outages.ts']],
  [bin('vitepress'), ['build', 'docs']],
  [
    bin('linkinator'),
    [`.${base}`, '--server-root', dist, '--recurse', '--check-fragments', '--verbosity', 'error', ...noOthers],
  ],
];

await requirePackages(root);
await requirePackages(docs);
rmSync(dist, { recursive: true, force: true });
for (const [command, args] of steps) {
  const { exitCode, output } = await runChild(command, args, { cwd: root });
  if (exitCode === 0) continue;
  process.stderr.write(output);
  process.exit(exitCode);
}
process.stdout.write(`The site is in ${join(dist, base)}; preview it: docs/node_modules/.bin/vitepress preview docs\n`);
