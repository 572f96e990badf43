#!/usr/bin/env node
// `npm run bench <name> -- [options]`: runs one file of bench/, packages first if missing.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { requirePackages } from './packages.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'bench');
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.ts') && file !== 'support.ts')
  .map((file) => file.replace(/\.ts$/, ''));
const [name, ...args] = process.argv.slice(2);
const file = join(folder, `${name ?? ''}.ts`);
if (name === undefined || !names.includes(name) || !existsSync(file)) {
  process.stderr.write(
    `firedrill: no benchmark ${JSON.stringify(name ?? '')}: there are ${names.join(', ')}  ->  npm run bench ${names[0] ?? ''}\n`,
  );
  process.exit(2);
}

await requirePackages(root);
// In this terminal's own group: a Ctrl-C reaches the benchmark, which takes down what it made.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => undefined);
spawn(process.execPath, ['--import', 'tsx', file, ...args], { stdio: 'inherit' }).once('close', (code) => {
  process.exit(code ?? 130);
});
