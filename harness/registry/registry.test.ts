import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { forget, readRuns, registerRun } from './registry.ts';

let state = '';
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'firedrill-registry-'));
});
afterEach(() => {
  rmSync(state, { recursive: true, force: true });
});

const fileOf = (runId: string) => join(state, 'runs', `${runId}.jsonl`);
const start = (runId: string) => registerRun({ runId, scenario: 'cni-wipe', runDir: '/reports/x' }, state);

/** Rewrites the owner, as if the process that registered the run were another. */
function disown(runId: string): void {
  const text = readFileSync(fileOf(runId), 'utf8');
  writeFileSync(fileOf(runId), text.replace(/"started":"[^"]*"/, '"started":"another boot/1"'));
}

describe('the registry of runs', () => {
  it('has a resource on disk before intend returns', () => {
    const run = start('r1');
    run.intend({ kind: 'cluster', name: 'firedrill-r1' });
    expect(readFileSync(fileOf('r1'), 'utf8')).toContain('firedrill-r1');
    expect(readRuns(state).runs).toMatchObject([
      { runId: 'r1', alive: true, resources: [{ kind: 'cluster', name: 'firedrill-r1' }], kept: [] },
    ]);
  });

  it('forgets what was released, and the run with its last resource', () => {
    const run = start('r1');
    run.intend({ kind: 'network', name: 'n' });
    run.intend({ kind: 'container', name: 'c' });
    run.released({ kind: 'network', name: 'n' });
    run.end();
    expect(readRuns(state).runs[0]?.resources).toEqual([{ kind: 'container', name: 'c' }]);
    run.released({ kind: 'container', name: 'c' });
    run.end();
    expect(existsSync(fileOf('r1'))).toBe(false);
  });

  it('remembers a kept cluster after the end', () => {
    const run = start('r1');
    run.intend({ kind: 'cluster', name: 'k' });
    run.keep({ name: 'k', kubeconfig: '/k/config' });
    run.end();
    expect(readRuns(state).runs[0]?.kept).toEqual([{ name: 'k', kubeconfig: '/k/config' }]);
  });

  it('tells a live owner from a later process with the same pid', () => {
    start('mine');
    start('dead');
    disown('dead');
    expect(readRuns(state).runs.filter((run) => run.alive)).toMatchObject([{ runId: 'mine' }]);
  });

  it('reads past a torn last line, which a crash in the middle of a write leaves', () => {
    start('r1').intend({ kind: 'network', name: 'n' });
    appendFileSync(fileOf('r1'), '{"type":"intend","resource":{"ki');
    expect(readRuns(state).runs[0]?.resources).toEqual([{ kind: 'network', name: 'n' }]);
  });

  it('reports a file that it cannot read instead of guessing', () => {
    start('r1');
    writeFileSync(fileOf('r1'), 'garbage\n');
    expect(readRuns(state)).toEqual({ runs: [], damaged: [fileOf('r1')] });
  });

  it('has no runs where there is no folder', () => {
    expect(readRuns(join(state, 'nowhere'))).toEqual({ runs: [], damaged: [] });
  });

  it('refuses ids that are no file names, taken ids and folders it cannot write', () => {
    expect(() => start('../evil')).toThrow(/not usable/);
    start('r1');
    expect(() => start('r1')).toThrow(/run r1 is running in another process, or left something behind/);
    writeFileSync(join(state, 'file'), '');
    expect(() => registerRun({ runId: 'a', scenario: 's', runDir: '/' }, join(state, 'file'))).toThrow(
      expect.objectContaining({ code: 'environment' }),
    );
  });

  it('does not forget a run that is alive', () => {
    start('r1');
    expect(() => {
      forget('r1', state);
    }).toThrow(/alive/);
  });
});
