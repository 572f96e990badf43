#!/usr/bin/env node
// The way in. Plain JavaScript and no dependency, because it has to work in a fresh clone, before any package is there.
import { readdirSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { correctedLine } from './npm-flags.mjs';
import { ensurePackages, tooOldNode } from './packages.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** One line on stderr, and out. */
function stop(exitCode, line) {
  process.stderr.write(`firedrill: ${line}\n`);
  process.exit(exitCode);
}

const tooOld = tooOldNode(process.versions.node);
if (tooOld !== undefined) stop(5, tooOld);

let scenarios = [];
try {
  scenarios = readdirSync(join(root, 'scenarios')).flatMap((name) => /^([\w-]+)\.ts$/.exec(name)?.[1] ?? []);
} catch {
  // Without scenarios the command line itself says what is wrong.
}
const corrected = correctedLine(process.argv.slice(2), process.env, scenarios);
if (corrected !== undefined) {
  stop(2, `npm keeps flags that stand before a lone "--" for itself; type: ${corrected}`);
}
// npm understands --verbose and says so only by its log level.
if (process.env.npm_package_name === 'firedrill' && process.env.npm_config_loglevel === 'verbose') {
  process.env.FIREDRILL_VERBOSE ??= '1';
}

try {
  await ensurePackages(root);
} catch (error) {
  stop(error.exitCode ?? 5, error.message);
}

// In this very process instead of a child: Ctrl-C, exit codes and the terminal need no forwarding, and whoever kills this
// process has killed all of it.
const { register } = await import('tsx/esm/api');
register();
await import(pathToFileURL(join(root, 'harness', 'cli', 'main.ts')).href);
