import { execFileSync } from 'node:child_process';

/** The outages' pages, in a process of its own: VitePress bundles what its configuration imports, and the harness finds its files by where it lies. */
export const outages = () =>
  JSON.parse(
    execFileSync(process.execPath, ['--import', 'tsx', 'docs/outages.ts'], { encoding: 'utf8', maxBuffer: 1 << 26 }),
  );
