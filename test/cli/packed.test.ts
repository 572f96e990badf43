import { execFileSync, spawnSync } from 'node:child_process';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** What `npm pack` makes, installed in an empty folder beside the packages that it depends on. */

const root = join(import.meta.dirname, '..', '..');
let folder: string;
const firedrill = (...args: readonly string[]) => {
  const bin = join(folder, 'node_modules', 'firedrill', 'bin', 'firedrill.mjs');
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], { cwd: folder, encoding: 'utf8' });
  return { status, stdout, stderr };
};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'packed-'));
  const modules = join(folder, 'node_modules');
  mkdirSync(modules);
  execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: root });
  const [tarball = ''] = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
  execFileSync('tar', ['-xzf', join(folder, tarball), '-C', modules]);
  execFileSync('mv', [join(modules, 'package'), join(modules, 'firedrill')]);
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  for (const name of Object.keys(dependencies)) {
    mkdirSync(join(modules, name, '..'), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }
}, 120_000);
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('a packed firedrill in an empty folder', () => {
  it('has every workload whole, and leaves the checkout as it was', () => {
    const packed = join(folder, 'node_modules', 'firedrill', 'manifests', 'cascade');
    expect(readdirSync(packed)).toEqual(readdirSync(join(root, 'manifests', 'cascade')));
    expect(lstatSync(join(root, 'manifests', 'cascade', '00-namespaces.yaml')).isSymbolicLink()).toBe(true);
  });

  it('lists its outages, and says what to type there', () => {
    const { status, stdout, stderr } = firedrill('list');
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain('cni-wipe');
    expect(stdout).toContain('npx firedrill run <scenario>');
    expect(stdout).not.toContain('npm run');
  }, 60_000);

  it('plans an outage of YAML that lies there', () => {
    expect(firedrill('new', 'outage', 'own').status).toBe(0);
    const { status, stdout, stderr } = firedrill('run', './own.yaml', '--dry-run');
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain('# Plan of own');
    expect(stdout).toContain(`${folder}/reports/own`);
  }, 60_000);

  it.each(['scenario', 'fault'])(
    'takes a %s in TypeScript, with the types of the package',
    (what) => {
      expect(firedrill('new', what, `our-${what}`).status).toBe(0);
      expect(firedrill('validate', `./our-${what}.ts`)).toEqual({
        status: 0,
        stdout: `./our-${what}.ts: ok\n`,
        stderr: '',
      });
      writeFileSync(
        join(folder, 'tsconfig.json'),
        JSON.stringify({
          extends: join(root, 'tsconfig.json'),
          compilerOptions: { types: ['node'], typeRoots: [join(root, 'node_modules', '@types')], skipLibCheck: true },
          include: [`./our-${what}.ts`],
        }),
      );
      const { status, stdout } = spawnSync(
        process.execPath,
        [join(root, 'node_modules/typescript/bin/tsc'), '--noEmit', '--listFiles', '-p', folder],
        { encoding: 'utf8' },
      );
      // 0 or 2: whether it liked all that the file imports is not asked here. That it has read the file is.
      expect([0, 2]).toContain(status);
      expect(stdout).toContain(`our-${what}.ts`);
      expect(stdout.split('\n').filter((line) => line.startsWith('our-'))).toEqual([]);
    },
    120_000,
  );

  it('says where a scenario of TypeScript is wrong', () => {
    const file = join(folder, 'broken.ts');
    writeFileSync(file, "import { defineScenario } from 'firedrill';\nexport default defineScenario({});\n");
    const { status, stderr } = firedrill('validate', './broken.ts');
    expect(status).toBe(2);
    expect(stderr).toContain('broken.ts has no scenario as its default export');
  }, 60_000);
});
