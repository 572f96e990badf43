import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadAnywhere, scenarioIds } from '../../harness/cli/load.ts';
import { kubeadm } from '../../harness/distributions/kubeadm.ts';
import { pauseImage } from '../../harness/model/instruments.ts';
import { fakeCluster } from '../support/fake-cluster.ts';
import { waitReady } from '../../harness/cluster/ready.ts';
import { builtMinor, images, nodeImages, versions } from '../../harness/images/refs.ts';
import { sandboxRequest } from '../../harness/model/commands.ts';
import { architectures } from '../../harness/host/architecture.ts';
import { profiles } from '../../harness/model/profile.ts';
import { projectManifests, writeManifests } from '../../harness/cluster/manifests.ts';
import { unixTools } from '../../harness/setup/tools.ts';
import { asked, commandsOf, ownCommands } from './commands.ts';
import { callsOf, executables } from './shell.ts';

/**
 * Holds what is run on a node against what kindest/node holds. Nobody who pulls it gets our own node image, and what is missing there is missing
 * in the middle of their outage.
 */

interface KindNode {
  readonly kind: string;
  readonly containerd: string;
  readonly runc: string;
  readonly architectures: readonly string[];
  /** By architecture: programs that its nodes alone have. */
  readonly only: Readonly<Record<string, readonly string[]>>;
  readonly cniPlugins: { readonly version: string; readonly names: readonly string[] };
  readonly nodeImages: Readonly<Record<string, string>>;
  readonly images: readonly string[];
  readonly units: readonly string[];
  readonly programs: Readonly<Record<string, readonly string[]>>;
  readonly sandboxRequests: readonly string[];
}

const root = join(import.meta.dirname, '..', '..');
const facts = parse(readFileSync(join(import.meta.dirname, 'kind-node.yaml'), 'utf8')) as KindNode;
/** On the nodes of every architecture. */
const programs = new Set(Object.values(facts.programs).flat());

/** What is put into a workstation, and what it has of its own. */
const workstation: ReadonlySet<string> = new Set(['kubectl', 'kind', 'ssh', ...unixTools]);
/** Options that BusyBox' and BSD's programs lack. */
const gnuOnly: Readonly<Record<string, RegExp>> = {
  date: /(^| )(-\w*d|--date)/,
  sed: /(^| )(-\w*i|--in-place)/,
  grep: /(^| )(-\w*P|--perl-regexp)/,
};

const folder = join(root, 'scenarios');
const scenarios = await Promise.all(
  scenarioIds(folder).map(async (id) => ({ id, ...(await loadAnywhere(id, folder)) })),
);

/** What a script of Perl that is put on a node starts there, which the shell around it does not tell. */
const byPerl = (command: string): readonly string[] =>
  [...command.matchAll(/\b(?:exec|system)[ (]+"([^"\n]+)"/g)].flatMap((match) => [...executables(match[1] ?? '')]);

const missing = (commands: Iterable<string>, there: ReadonlySet<string>): readonly string[] => [
  ...new Set(
    [...commands].flatMap((command) =>
      [...executables(command), ...byPerl(command)]
        .filter((name) => !there.has(name.replace(/^\/(usr\/)?s?bin\//, '')))
        .map((name) => `${name}: ${command.slice(0, 120)}`),
    ),
  ),
];

/** A command that knows one architecture's names and not the other's. */
const namesOneArchitecture = (command: string): boolean =>
  /x86.64|amd64/.test(command) !== /aarch64|arm64/.test(command);

/** Programs that a scenario puts on the node itself, where a host has its own. */
const installed = (commands: readonly string[]): readonly string[] =>
  commands.flatMap((command) => [...command.matchAll(/\/usr\/local\/s?bin\/([\w-]+)/g)].map((match) => match[1] ?? ''));

describe("kind's node", () => {
  it('lacks what most machines have', () => {
    expect(missing(['ping -c 1 10.0.0.1', 'reboot', 'systemctl reboot -ff'], programs)).toHaveLength(2);
    expect(missing(['perl -e \'system("ping x"); exec "systemctl", "reboot"\''], programs)).toHaveLength(1);
    // On one architecture: that is not enough.
    for (const name of Object.values(facts.only).flat()) expect(missing([`${name} true`], programs)).toHaveLength(1);
    expect(missing(['kubectl get pods -o json | jq .'], workstation)).toHaveLength(1);
  });

  it.each(scenarios)('has every program that $id runs on it', async ({ scenario, distribution }) => {
    const typed = [...commandsOf(scenario)].filter(({ on }) => on !== 'workstation');
    const commands = [...typed.map(({ command }) => command), ...(await asked(scenario))];
    expect(commands.length).toBeGreaterThan(0);
    // An outage of k3s alone is never run on kind's node: its nodes have the same, and k3s.
    const own = distribution === kubeadm ? [] : [distribution.name];
    expect(missing(commands, new Set([...programs, ...own, ...installed(commands)]))).toEqual([]);
    expect(commands.filter(namesOneArchitecture)).toEqual([]);
  });

  it('has every program that the cluster itself runs on it', async () => {
    const commands = await ownCommands();
    expect(commands.length).toBeGreaterThan(10);
    expect(missing(commands, programs)).toEqual([]);
    expect(commands.filter(namesOneArchitecture)).toEqual([]);
  });

  it('has every image that is asked for, or it is put in', () => {
    const preloaded = images.filter(({ role }) => role === 'preload').map(({ ref }) => ref as string);
    const there = new Set([...facts.images, ...preloaded]);
    const named = readdirSync(join(root, 'manifests'), { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.ya?ml$/.test(file))
      .flatMap((file) => [
        ...readFileSync(join(root, 'manifests', file), 'utf8').matchAll(/\bimage: *['"]?([^\s'",}]+)/g),
      ])
      .map((match) => match[1] ?? '');
    expect(named.length).toBeGreaterThan(3);
    expect([pauseImage, ...named].filter((ref) => !there.has(ref))).toEqual([]);
  });

  it('is of the pinned release, with its versions', () => {
    expect(facts.kind).toBe(versions.kind);
    expect(facts.architectures).toEqual(architectures);
    expect([facts.containerd, facts.runc]).toEqual([versions.containerd, versions.runc]);
    expect(facts.cniPlugins.version).toBe(versions.cniPlugins);
    const pinned = Object.values(nodeImages).map(({ version, digest }) => [version, digest]);
    expect(Object.fromEntries(pinned)).toEqual(facts.nodeImages);
    expect(nodeImages[builtMinor].version).toBe(versions.kubernetes);
  });

  it('has a runtime whose log says when a sandbox is asked for; either form is read', () => {
    const one = new RegExp(sandboxRequest());
    const named = facts.sandboxRequests.map((line) => one.exec(line)?.[2]?.replace(/\\$/, ''));
    expect(named).toEqual(facts.sandboxRequests.map(() => 'openwebui-6d9f7c5b8-x2x4z'));
    const others = new RegExp(sandboxRequest('other'));
    for (const line of facts.sandboxRequests) {
      expect(others.test(line)).toBe(false);
      expect(one.test(`${line.slice(0, -1)} returns sandbox id \\"abc\\""`)).toBe(false);
    }
  });
});

describe('the workstation', () => {
  const typed = scenarios.map(({ id, scenario }) => ({
    id,
    commands: [...commandsOf(scenario)].filter(({ on }) => on === 'workstation').map(({ command }) => command),
  }));

  it.each(typed)('needs nothing for $id but what is put there and what every Unix has', ({ commands }) => {
    expect(missing(commands, workstation)).toEqual([]);
  });

  it.each(typed)("needs no option for $id that only GNU's programs have", ({ commands }) => {
    const odd = commands.flatMap(callsOf).filter(([program, ...args]) => gnuOnly[program]?.test(args.join(' ')));
    expect(odd).toEqual([]);
    expect(gnuOnly['date']?.test('-u -d "1 minute ago"')).toBe(true);
  });

  it('has what `doctor` looks for, and no more is looked for than is called', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'firedrill-workstation-'));
    const { shared, workload } = { shared: projectManifests, workload: join(projectManifests, 'resurrection') };
    await writeManifests({
      shared,
      workloadDir: workload,
      workDir: dir,
      nodes: ['c', 'w', 'v'],
      profile: profiles.fast,
    });
    const scripts = [join(dir, 'manifests'), projectManifests].flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' })
        // Node checks are for the user's own nodes.
        .filter((file) => file.endsWith('.sh') && !file.startsWith('checks'))
        .map((file) => readFileSync(join(folder, file), 'utf8')),
    );
    rmSync(dir, { recursive: true });
    const cluster = fakeCluster();
    await waitReady(cluster, { pods: new Map([['apps', 1]]), timeoutMs: 1 }, AbortSignal.timeout(5000)).catch(
      () => undefined,
    );
    const own = cluster.calls.filter(({ on }) => on === 'workstation').map(({ command }) => command);
    const commands = [...typed.flatMap((one) => one.commands), ...scripts, ...own];
    expect(missing(scripts, workstation)).toEqual([]);
    const called = new Set(commands.flatMap((command) => [...executables(command)]));
    expect(unixTools.filter((program) => !called.has(program))).toEqual([]);
  });
});
