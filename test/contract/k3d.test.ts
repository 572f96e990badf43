import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { entrypoint, k3dNodeArgs, k3dNodeNames, k3dVersion, k3sArgs } from '../../harness/cluster/k3d/node.ts';
import { apiServerPort, nodePorts } from '../../harness/cluster/ports.ts';
import { nodeBaseOf } from '../../harness/images/bases.ts';
import { profiles } from '../../harness/model/profile.ts';

/**
 * Holds what we ask Docker for, and our node image, against what k3d asks for and rancher/k3s is (k3d.yaml; test/k3d/source.ts holds that against k3d's
 * source). What is ours beyond it is named here, one by one.
 */

interface Facts {
  readonly k3d: string;
  readonly facts: readonly { readonly of: string; readonly on?: string; readonly is: string }[];
  readonly image: {
    readonly entrypoint: readonly string[];
    readonly command: readonly string[];
    readonly variable: string;
  };
}

const root = join(import.meta.dirname, '..', '..');
const { k3d, facts, image } = parse(readFileSync(join(import.meta.dirname, 'k3d.yaml'), 'utf8')) as Facts;
const recipe = join(root, 'images', 'k3d-node');

const names = k3dNodeNames('firedrill-a', 2);
const [server = '', agent = ''] = names;
const ports = new Map([apiServerPort, ...Object.values(nodePorts)].map((port, i) => [port, 20_000 + i]));
const net = { name: 'firedrill-a', subnet: '10.201.7.0/24' };
const spec = { name: 'firedrill-a', nodeImage: 'node:1', workers: 2 };
const argsOf = (index: number) => k3dNodeArgs(spec, { names, index, net, ports, token: 'secret' });

/** What k3d says of one kind, for a role; the words in <> filled in. */
const told = (of: string, role: 'server' | 'agent'): readonly string[] =>
  facts
    .filter((fact) => fact.of === of && (fact.on === undefined || fact.on === 'all' || fact.on === role))
    .map(({ is }) =>
      is
        .replace('<server>', server)
        .replace('<token>', 'secret')
        .replace('<version>', k3d)
        .replace('<role>', role)
        .replace('<cluster>', spec.name)
        .replace('<network>', net.name)
        .replace('<subnet>', net.subnet)
        .replace('<port>', String(ports.get(apiServerPort))),
    );

/** The values of a flag that is given more than once. */
const valuesOf = (args: readonly string[], flag: string): readonly string[] =>
  args.flatMap((argument, i) => (argument === flag ? [args[i + 1] ?? ''] : []));

describe('a node as k3d asks for it', () => {
  it('is of the release whose source was read', () => {
    expect(k3dVersion).toBe(k3d);
  });

  it('has the names that k3d gives', () => {
    const form = (role: string, n: number) =>
      'k3d-<cluster>-<role>-<n>'.replace('<cluster>', spec.name).replace('<role>', role).replace('<n>', String(n));
    expect(told('names', 'server').map((is) => is.replace('server', '<role>'))).toContain('k3d-firedrill-a-<role>-<n>');
    expect(names).toEqual([form('server', 0), form('agent', 0), form('agent', 1)]);
  });

  it.each([
    ['server', 0],
    ['agent', 1],
  ] as const)('%s: has each of its labels and variables, and no others', (role, index) => {
    const args = argsOf(index);
    expect([...valuesOf(args, '--label')].sort()).toEqual([...told('label', role)].sort());
    expect([...valuesOf(args, '--env')].sort()).toEqual([...told('env', role)].sort());
  });

  it.each([
    ['server', 0],
    ['agent', 1],
  ] as const)(
    '%s: is run as k3d runs it, and what is ours beside that is a volume and ports of loopback',
    (role, index) => {
      const args = argsOf(index);
      const line = args
        .filter(
          (argument, i) =>
            !['--label', '--env'].includes(argument) && !['--label', '--env'].includes(args[i - 1] ?? ''),
        )
        .join(' ');
      const left = told('run', role).reduce((text, flag) => {
        expect(text).toContain(flag);
        return text.replace(flag, '');
      }, line);
      const [name] = [index === 0 ? server : agent];
      const own = [`--detach --name ${name} --hostname ${name} --network firedrill-a`, '--volume /var'];
      expect(left.replace(/ --publish=127\.0\.0\.1:\d+:\d+\/TCP/g, '').replace(/\s+/g, ' ')).toBe(
        `${own.join(' ')} node:1`,
      );
      const published = valuesOf(
        args.flatMap((argument) => argument.split('=')),
        '--publish',
      );
      for (const port of told('publish', role)) expect(published.join(' ')).toContain(`:${port}/TCP`);
    },
  );

  it('starts k3s by its entrypoint, with the role and what k3d adds; the rest are flags that a user gives k3d', () => {
    expect(told('entrypoint', 'server')).toEqual([entrypoint]);
    expect(k3sArgs(1, profiles.fast)).toEqual(told('command', 'agent'));
    const args = k3sArgs(0, profiles.fast);
    for (const said of told('command', 'server')) expect(args.join(' ')).toContain(said);
    expect(args).toContain('--disable=traefik');
    expect(args).toContain('--kube-controller-manager-arg=node-monitor-grace-period=10s');
    expect(args.filter((argument) => argument.includes('undefined'))).toEqual([]);
  });
});

describe("k3d's node image", () => {
  it('has a script for each fix of k3d, two of ours (fence, images), and the entrypoint that runs them', () => {
    const fixes = readdirSync(join(recipe, 'files/bin')).flatMap(
      (file) => /^k3d-entrypoint-(.*)\.sh$/.exec(file)?.[1] ?? [],
    );
    expect(fixes.sort()).toEqual([...told('fixes', 'server'), 'fence', 'images'].sort());
    const script = readFileSync(join(recipe, 'files', entrypoint), 'utf8');
    for (const said of told('script', 'server')) expect(script).toContain(said);
  });

  it('starts what rancher/k3s starts, also when it has been derived', () => {
    const dockerfile = readFileSync(join(recipe, 'Dockerfile'), 'utf8');
    expect(dockerfile).toContain(`ENTRYPOINT ${JSON.stringify(image.entrypoint)}`);
    expect(dockerfile).toContain(`CMD ${JSON.stringify(image.command)}`);
    expect(dockerfile).toContain(image.variable);
    // The other nodes' is systemd's own, which Docker would send in vain.
    expect(dockerfile).toContain('STOPSIGNAL SIGTERM');
    expect(nodeBaseOf({ distribution: 'k3d' }).starts).toEqual({
      entrypoint: image.entrypoint,
      command: image.command,
    });
  });
});
