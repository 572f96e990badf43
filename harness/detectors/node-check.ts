import { readFileSync } from 'node:fs';
import type { Detector } from '../model/detector.ts';
import type { Distribution } from '../model/distribution.ts';
import { oneLine } from '../model/errors.ts';
import { shortenedBy, type Profile } from '../model/profile.ts';
import type { NodeSelector } from '../model/step.ts';
import { humanDuration, millis, minutes, seconds, type Millis } from '../model/units.ts';
import { looking } from './support/look.ts';

/** A result that is no problem yet is asked again so often before anybody is paged (Nagios' max_check_attempts; a hard state). */
const attempts = 3;

/** Every minute, as most run them, and again a minute after a bad result; shorter by the profile's factor. */
const everyMs = (profile: Profile): Millis => millis(minutes(1) / shortenedBy(profile));

/** Over how long a check looks back; its own five minutes, shorter by the same factor. */
const windowS = (profile: Profile): number => Math.round(minutes(5) / shortenedBy(profile) / 1000);

interface Declared {
  readonly title: string;
  readonly source: string;
  readonly on: NodeSelector;
  /** The least that pages: a warning does, unless the check warns of what a scenario begins with. */
  readonly from: 'warning' | 'critical';
  readonly args: (distribution: Distribution, profile: Profile) => readonly string[];
  /** How long what it looks for must have lasted before its first bad result. */
  readonly leastMs: (profile: Profile) => Millis;
  readonly expects: string;
}

const atOnce = (): Millis => millis(0);

const checks = {
  check_k8s_scheduler_stall: {
    title: 'Pods wait for a node and the scheduler is silent',
    source: 'postmortem 004, action items: check_k8s_scheduler_stall.sh',
    on: 'control-plane',
    // It warns of pods that fit nowhere.
    from: 'critical',
    args: (_, profile) => ['-s', String(windowS(profile))],
    // Creation times are whole seconds.
    leastMs: (profile) => seconds(windowS(profile) - 1),
    expects: 'the scheduler is silent',
  },
  check_coredns_replicas: {
    title: 'No CoreDNS is ready',
    source: 'postmortem 004, action items: check_coredns_replicas.sh',
    on: 'control-plane',
    // It warns of a single one, which is how the scenarios begin.
    from: 'critical',
    args: () => [],
    // The API calls a pod ready until its node's grace period has passed since the last heartbeat, which came an interval before (and 4 % of it later).
    leastMs: (profile) => millis(Math.max(0, profile.nodeGraceMs - 1.04 * profile.kubeletStatusMs)),
    expects: '0 ready replicas',
  },
  check_sandbox_changed: {
    title: 'Many pods lost their sandbox at once',
    source: 'postmortem 004, action items: check_sandbox_changed.sh',
    on: 'control-plane',
    from: 'warning',
    args: (_, profile) => ['-s', String(windowS(profile))],
    leastMs: atOnce,
    expects: 'lost their sandbox',
  },
  check_dnat_rules: {
    title: 'A node has no service rules',
    source: 'postmortem 004, chain 2: no check verified that ClusterIP DNAT rules exist on each node',
    on: 'nodes',
    from: 'critical',
    args: () => [],
    leastMs: atOnce,
    expects: 'services lead nowhere',
  },
  check_certificates: {
    title: 'A certificate ends within 30 days',
    source: 'Kubernetes, "Certificate Management with kubeadm", check-expiration',
    on: 'nodes',
    from: 'warning',
    args: ({ paths: { kubeletCertificate, pki } }) => [kubeletCertificate, pki],
    leastMs: atOnce,
    expects: 'ends in -?\\d+ days',
  },
} as const satisfies Readonly<Record<string, Declared>>;

/** The name of a plug-in of `manifests/checks/` that runs beside trials, without `.sh`. */
type NodeCheckName = keyof typeof checks;

const words = ['OK', 'WARNING', 'CRITICAL'] as const;

/**
 * A plug-in of `manifests/checks/` as Nagios and NRPE run it: every minute, and it pages somebody after three bad results in a row; the first good one
 * ends it. Its exit code is its state (0 OK, 1 WARNING, 2 CRITICAL), its line is what is told. Whoever says UNKNOWN is blind.
 *
 * Source: Nagios Core, "State Types" and "Plugin API"; the check's own is in its file.
 */
export function nodeCheck(distribution: Distribution, name: NodeCheckName): Detector {
  const { title, source, on, from, args, leastMs, expects }: Declared = checks[name];
  const script = readFileSync(new URL(`../../manifests/checks/${name}.sh`, import.meta.url), 'utf8');
  return {
    id: name,
    title,
    source,
    loop: (profile) =>
      `${name}.sh every ${humanDuration(everyMs(profile))}; fires at the third ${from === 'warning' ? 'WARNING or CRITICAL' : 'CRITICAL'} in a row`,
    leastTtdMs: (profile) => millis(leastMs(profile) + (attempts - 1) * everyMs(profile)),
    periodMs: everyMs,
    expects,
    watch({ cluster, signal, now }, profile) {
      const command = [
        `export KUBECONFIG=${distribution.paths.adminKubeconfig}`,
        `sh -s -- ${args(distribution, profile).join(' ')} <<'CHECK'\n${script}CHECK`,
      ].join('\n');
      const bad = new Map<string, number>();
      let standing: string | undefined;
      return looking(everyMs(profile), { now, signal }, async () => {
        const dark: string[] = [];
        const pages: string[] = [];
        await Promise.all(
          cluster.select(on).map(async ({ name: node }) => {
            const { exitCode, stdout, stderr } = await cluster.look(node, command, { timeoutMs: seconds(5), signal });
            const word = words[exitCode];
            if (word === undefined) {
              dark.push(`${node}: ${oneLine(stdout.trim() || stderr || `exit ${exitCode}`)}`);
              return;
            }
            const isBad = word === 'CRITICAL' || (word === 'WARNING' && from === 'warning');
            bad.set(node, isBad ? (bad.get(node) ?? 0) + 1 : 0);
            if ((bad.get(node) ?? 0) >= attempts) pages.push(`${node}: ${stdout.split(' | ')[0]?.trim() ?? ''}`);
          }),
        );
        if (pages.length === 0 && dark.length > 0) throw new Error(dark.sort().join('; '));
        // The words of a standing alert stay: a number in them that grows is no new alert.
        standing = pages.length === 0 ? undefined : (standing ?? pages.sort().join('; '));
        return standing;
      });
    },
  };
}
