import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ensurePackages, isInstalled } from './packages.mjs';

const lockOf = (packages) => JSON.stringify({ packages: { '': { name: 'x' }, ...packages } });
const tsx = { 'node_modules/tsx': { version: '1.0.0' } };

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'firedrill-packages-'));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

/** Runs ensurePackages with an `npm ci` that writes what npm writes; returns how often it was asked. */
async function ensure(options = {}) {
  const said = [];
  let installs = 0;
  const error = await ensurePackages(root, {
    say: (line) => said.push(line),
    install: async () => {
      installs++;
      if (options.exitCode !== undefined) return options.exitCode;
      mkdirSync(join(root, 'node_modules'), { recursive: true });
      writeFileSync(join(root, 'node_modules', '.package-lock.json'), options.installed ?? lockOf(tsx));
      return 0;
    },
  }).then(
    () => undefined,
    (thrown) => thrown,
  );
  return { said, installs, error };
}

describe('packages', () => {
  it('are installed in a fresh clone, once, and it says so', async () => {
    writeFileSync(join(root, 'package-lock.json'), lockOf(tsx));
    const first = await ensure();
    expect(first.installs).toBe(1);
    expect(first.said[0]).toMatch(/^Installing 1 npm packages/);
    expect(await ensure()).toMatchObject({ installs: 0, said: [] });
  });

  it('are installed again when the lockfile changed', async () => {
    writeFileSync(join(root, 'package-lock.json'), lockOf(tsx));
    await ensure();
    writeFileSync(join(root, 'package-lock.json'), lockOf({ 'node_modules/tsx': { version: '2.0.0' } }));
    expect((await ensure()).installs).toBe(1);
  });

  it('are installed again after an interrupted installation, which leaves no list of what is there', async () => {
    writeFileSync(join(root, 'package-lock.json'), lockOf(tsx));
    mkdirSync(join(root, 'node_modules', 'tsx'), { recursive: true });
    expect((await ensure()).installs).toBe(1);
  });

  it("are used as they are in somebody else's checkout, in which nothing can be written", async () => {
    writeFileSync(join(root, 'package-lock.json'), lockOf(tsx));
    // A folder in place of the stamp: root, too, cannot write it.
    mkdirSync(join(root, 'node_modules', '.firedrill-packages'), { recursive: true });
    writeFileSync(join(root, 'node_modules', '.package-lock.json'), lockOf(tsx));
    expect(await ensure()).toMatchObject({ installs: 0, error: undefined });
  });

  it('are no matter of a package that was installed: npm packs no lockfile', async () => {
    expect(await ensure()).toEqual({ said: [], installs: 0, error: undefined });
  });

  it('are left alone when somebody ran npm install', async () => {
    writeFileSync(join(root, 'package-lock.json'), lockOf(tsx));
    mkdirSync(join(root, 'node_modules'));
    writeFileSync(join(root, 'node_modules', '.package-lock.json'), lockOf(tsx));
    expect((await ensure()).installs).toBe(0);
  });

  it('say what to do when npm fails, and leave no lock', async () => {
    writeFileSync(join(root, 'package-lock.json'), lockOf(tsx));
    const { error } = await ensure({ exitCode: 1 });
    expect(error).toMatchObject({
      exitCode: 5,
      message: expect.stringMatching(/^npm ci failed with exit code 1 in .*npm ci$/),
    });
    expect(existsSync(join(root, '.firedrill', 'install.lock'))).toBe(false);
    expect((await ensure({ exitCode: 130 })).error.exitCode).toBe(130);
  });

  it('take over the lock of a process that is gone', async () => {
    writeFileSync(join(root, 'package-lock.json'), lockOf(tsx));
    mkdirSync(join(root, '.firedrill'));
    // No system gives out a number this high; and one that was killed before it had written its own left none.
    writeFileSync(join(root, '.firedrill', 'install.lock'), '2000000000');
    expect((await ensure()).installs).toBe(1);
    rmSync(join(root, 'node_modules'), { recursive: true, force: true });
    writeFileSync(join(root, '.firedrill', 'install.lock'), '');
    expect((await ensure()).error).toBeUndefined();
    expect(existsSync(join(root, '.firedrill', 'install.lock'))).toBe(false);
  });

  it('of other platforms are not missed', () => {
    const lock = lockOf({ ...tsx, 'node_modules/win': { version: '1.0.0', optional: true } });
    expect(isInstalled(lock, lockOf(tsx))).toBe(true);
    expect(isInstalled(lockOf({ ...tsx, 'node_modules/pg': { version: '1.0.0' } }), lockOf(tsx))).toBe(false);
    expect(isInstalled(lockOf({ 'node_modules/tsx': { version: '1.0.1' } }), lockOf(tsx))).toBe(false);
  });
});
