#!/usr/bin/env node
// The way in. Plain JavaScript and no dependency, because it has to work in a fresh clone, before any package is there.
import { fileURLToPath, pathToFileURL } from 'node:url';
import { register as hooks } from 'node:module';
import { join } from 'node:path';
import { requirePackages, tooOldNode } from './packages.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

const tooOld = tooOldNode(process.versions.node);
if (tooOld !== undefined) {
  process.stderr.write(`firedrill: ${tooOld}\n`);
  process.exit(5);
}

// npm understands --verbose and says so only by its log level.
if (process.env.npm_package_name === 'firedrill' && process.env.npm_config_loglevel === 'verbose') {
  process.env.FIREDRILL_VERBOSE ??= '1';
}

await requirePackages(root);

// In this very process instead of a child: Ctrl-C, exit codes and the terminal need no forwarding, and whoever kills this
// process has killed all of it.
const { register } = await import('tsx/esm/api');
register();
hooks('./own-imports.mjs', import.meta.url);
await import(pathToFileURL(join(root, 'harness', 'cli', 'main.ts')).href);
