import { createWriteStream } from 'node:fs';
import { chmod, mkdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { execa } from 'execa';
import { dockerCli, isGone, labels, type Docker } from '../../cluster/docker.ts';
import { runProcess } from '../../cluster/process.ts';
import { deadline, sleep } from '../../host/time.ts';
import type { Cluster } from '../../model/cluster.ts';
import type { DistributionFacts } from '../../model/distribution.ts';
import type { Reading } from '../../model/detector.ts';
import { FiredrillError, oneLine } from '../../model/errors.ts';
import type { EventOf } from '../../model/events.ts';
import { grouped } from '../../model/grouped.ts';
import { seconds } from '../../model/units.ts';
import { grantAccess, revokeAccess, type Access } from './access.ts';
import {
  absentJobs,
  alertmanagerConfig,
  blackboxConfig,
  dnsTargets,
  monitoringKubeconfig,
  ports,
  prometheusConfig,
  receivers,
  type Site,
} from './config.ts';
import { insideMark } from './detectors.ts';
import { AlertFeed } from './feed.ts';
import { alertHistory } from './history.ts';
import { removeInside, startInside, type Inside } from './inside.ts';
import { installOnNodes, removeFromNodes } from './on-nodes.ts';
import { modestGo, monitoringParts, type MonitoringPart, type StackImages } from './parts.ts';
import { askAlertmanager, failuresUntilSilent, PrometheusApi } from './prometheus.ts';
import { startReceiver } from './receiver.ts';
import type { RuleSet } from './rule-set.ts';
import type { AlertTimes } from './times.ts';
import { parseNotification } from './webhook.ts';

export interface StackOptions {
  readonly images: StackImages;
  readonly rules: RuleSet;
  readonly times: AlertTimes;
  readonly cluster: Cluster;
  readonly distribution: Pick<DistributionFacts, 'datastore' | 'commands'>;
  readonly slis: readonly string[];
  readonly runId: string;
  /** Of this trial alone; configurations and credentials are written there. */
  readonly workDir: string;
  /** Wall time of the trial's zero. */
  readonly zeroEpochMs: number;
  readonly nowMs: () => number;
  readonly signal: AbortSignal;
}

/** The monitoring of a trial, running. */
export interface AlertStack {
  /** What it watches, for the record; with the reason of each target that could not be scraped at first. */
  readonly facts: EventOf<'monitoring'>;
  /**
   * What becomes known of the alerts of a name; with `insideMark` at its end, by the monitoring inside the cluster. For one reader. Fails when
   * Prometheus or Alertmanager outside is dead; the one inside is blind as long as nobody reaches it.
   */
  readings(alertname: string, signal: AbortSignal): AsyncIterable<Reading>;
  /** What the Prometheus outside kept of every alert. Rejects when it does not answer. */
  history(signal: AbortSignal): Promise<readonly EventOf<'alert'>[]>;
  /** Writes Prometheus' data as a gzipped tar, its blocks at the root; returns its size in bytes. */
  keep(file: string, signal: AbortSignal): Promise<number>;
  /** Takes everything away, on the nodes and in the cluster's API, too. May be called again. */
  stop(): Promise<void>;
}

/** Of the CPU, where there is too little for all: a quarter of what a node of the cluster gets, which is what is measured. And no garbage collection on every core. */
const modest = ['--cpu-shares', '256', ...asOptions(modestGo)] as const;

/** Environment variables for `docker create`. */
function asOptions(env: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(env).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
}

/**
 * Starts Prometheus, Alertmanager and the exporters that need not be on a node: containers on the cluster's network, inside its fence, that share
 * one address there. They survive whatever happens to the cluster. Resolves when every target was scraped once, or did not answer for half a minute.
 *
 * @throws FiredrillError `environment` when something of it does not start
 */
export async function startAlertStack(options: StackOptions): Promise<AlertStack> {
  const stack = new Stack(options);
  try {
    await stack.start();
    return stack;
  } catch (error) {
    await stack.stop().catch(() => undefined);
    throw error;
  }
}

class Stack implements AlertStack {
  readonly #options: StackOptions;
  readonly #docker: Docker = dockerCli();
  readonly #feed: AlertFeed;
  /** Of the monitoring inside the cluster; absent where there is none. */
  readonly #insideFeed: AlertFeed | undefined;
  #inside: Inside | undefined;
  readonly #made = new Set<string>();
  readonly #stopping = new AbortController();
  #api = new PrometheusApi(0);
  /** When the credentials were written by which it got in, as the file system has it. */
  #gotInMs = 0;
  /** CoreDNS' pods, as Prometheus was told. */
  #dnsAt = '';
  #facts: EventOf<'monitoring'> | undefined;
  #work: Promise<unknown>[] = [];
  #stopped: Promise<void> | undefined;

  constructor(options: StackOptions) {
    this.#options = options;
    const { rules, nowMs } = options;
    const names = new Set(rules.alerts.map(({ name }) => name));
    this.#feed = new AlertFeed(names, nowMs);
    this.#insideFeed = rules.inside === true ? new AlertFeed(names, nowMs) : undefined;
  }

  get facts(): EventOf<'monitoring'> {
    if (this.#facts === undefined) throw new FiredrillError('internal', 'the monitoring has not started');
    return this.#facts;
  }

  async start(): Promise<void> {
    const { cluster, distribution, slis, times, rules, images } = this.#options;
    const dir = this.#dir;
    const { dns } = await this.#getIn(this.#options.signal);
    const etcd = distribution.datastore === 'etcd';
    const site: Site = { cluster: cluster.name, nodes: cluster.nodes, etcd, dns, slis };
    await this.#findDns(site, this.#options.signal);
    await writeFiles(dir, {
      'prometheus/prometheus.yml': prometheusConfig(site, times, rules.metrics),
      ...Object.fromEntries(rules.files.map(({ name, text }) => [`prometheus/rules/${name}`, text])),
      'alertmanager/alertmanager.yml': alertmanagerConfig(times),
      'blackbox/config.yml': blackboxConfig(),
    });
    const address = addressBeside(cluster);
    const parts = monitoringParts({ times, metrics: rules.metrics, nodes: cluster.nodes });
    const [prometheus, ...others] = parts;
    const owner = await this.#container(prometheus, [
      ...['--network', cluster.network, '--ip', address],
      ...['-p', `127.0.0.1::${ports.prometheus}`, '-p', `127.0.0.1::${ports.alertmanager}`],
    ]);
    const beside = ['--network', `container:${owner}`];
    const receiver = startReceiver({
      name: this.#name('receiver'),
      options: [...beside, ...this.#labels()],
      image: images.perl,
      port: ports.receiver,
      address: this.#insideFeed === undefined ? '127.0.0.1' : '0.0.0.0',
      onLine: (line) => {
        const { receiver: to, alerts } = parseNotification(line);
        (to === receivers.inside ? this.#insideFeed : this.#feed)?.notified(alerts);
      },
      onEnded: (why) => {
        if (this.#stopping.signal.aborted) return;
        this.#feed.fail(why);
        this.#insideFeed?.fail(why);
      },
      signal: this.#stopping.signal,
    });
    this.#made.add(this.#name('receiver'));
    await Promise.all([
      receiver,
      ...others.map((part) => this.#container(part, beside)),
      this.#installOnNodes(dir, etcd),
    ]);
    const [prometheusPort, alertmanagerPort] = await Promise.all([
      this.#publishedPort(owner, ports.prometheus),
      this.#publishedPort(owner, ports.alertmanager),
    ]);
    this.#api = new PrometheusApi(prometheusPort);
    if (this.#insideFeed !== undefined) await this.#startInside(parts, address, this.#insideFeed);
    const targets = await this.#scraped();
    this.#facts = {
      type: 'monitoring',
      ...times,
      targets: Object.fromEntries(
        [...grouped(targets, (t) => t.labels['job'] ?? '')].map(([job, all]) => [job, all.length]),
      ),
      absent: {
        ...absentJobs(site),
        ...Object.fromEntries(
          targets
            .filter(({ health }) => health !== 'up')
            .map((t) => [`${t.labels['job'] ?? ''} ${t.labels['instance'] ?? ''}`, oneLine(t.lastError)]),
        ),
      },
    };
    this.#work.push(this.#poll(site, alertmanagerPort));
    if (this.#inside !== undefined) this.#work.push(this.#inside.watch(this.#stopping.signal));
  }

  readings(alertname: string, signal: AbortSignal): AsyncIterable<Reading> {
    if (!alertname.endsWith(insideMark)) return this.#feed.readings(alertname, signal);
    if (this.#insideFeed === undefined)
      throw new FiredrillError('internal', 'no monitoring inside the cluster was asked for');
    return this.#insideFeed.readings(alertname.slice(0, -insideMark.length), signal);
  }

  async history(signal: AbortSignal): Promise<readonly EventOf<'alert'>[]> {
    const { nowMs, zeroEpochMs, times } = this.#options;
    const series = await this.#api.samples('ALERTS', nowMs() + seconds(10), signal);
    return alertHistory(series, { zeroEpochMs, evaluationMs: times.evaluationMs });
  }

  async keep(file: string, signal: AbortSignal): Promise<number> {
    const name = await this.#api.snapshot(signal);
    const from = `${this.#name('prometheus')}:/prometheus/snapshots/${name}/.`;
    const copying = execa('docker', ['cp', from, '-'], { buffer: false, stdin: 'ignore', cancelSignal: signal });
    await Promise.all([pipeline(copying.stdout, createGzip(), createWriteStream(file)), copying]);
    return (await stat(file)).size;
  }

  stop(): Promise<void> {
    this.#stopped ??= (async () => {
      this.#stopping.abort(new Error('the monitoring is stopped'));
      const { cluster } = this.#options;
      // The trial's own signal may be aborted: that is why this is done.
      using patience = deadline(seconds(40));
      const { signal } = patience;
      await Promise.all([
        this.#docker(['rm', '-f', '-v', ...this.#made], { signal }).catch((error: unknown) => {
          if (!isGone(error) && !/already in progress/i.test(oneLine(error))) throw error;
        }),
        removeFromNodes(cluster, signal),
        this.#insideFeed === undefined ? undefined : removeInside(cluster, signal),
        revokeAccess(cluster, signal),
        Promise.allSettled(this.#work),
      ]);
    })();
    return this.#stopped;
  }

  /** How often each Prometheus is asked what fires. */
  get #askEveryMs(): number {
    return Math.min(this.#options.times.evaluationMs, seconds(10));
  }

  get #dir(): string {
    return join(this.#options.workDir, 'monitoring');
  }

  /** Gets a token, and writes down how to get in by it. */
  async #getIn(signal: AbortSignal): Promise<Access> {
    const { cluster } = this.#options;
    const { mtimeMs } = await stat(cluster.kubeconfig);
    const access = await grantAccess(cluster, signal);
    await writeFiles(this.#dir, {
      'prometheus/access/token': access.token,
      'prometheus/access/ca.crt': access.ca,
      'state-metrics/kubeconfig': monitoringKubeconfig(cluster.nodes, access),
    });
    this.#gotInMs = mtimeMs;
    return access;
  }

  /** A cluster that was built again knows no token of the old one: whoever has its new credentials gives the monitoring new ones, too. */
  async #getInAgain(signal: AbortSignal): Promise<void> {
    if ((await stat(this.#options.cluster.kubeconfig)).mtimeMs === this.#gotInMs) return;
    await this.#getIn(signal);
    const stateMetrics = this.#name('kube-state-metrics');
    await this.#copyAgain(signal);
    await this.#docker(['cp', contentOf(join(this.#dir, 'state-metrics')), `${stateMetrics}:/access`], { signal });
    await this.#docker(['restart', '-t', '1', stateMetrics], { signal });
  }

  /** Writes down where CoreDNS' pods are; returns whether that is news. */
  async #findDns(site: Site, signal: AbortSignal): Promise<boolean> {
    const { api } = this.#options.cluster;
    const pods = await api.pods({
      namespace: 'kube-system',
      labelSelector: 'k8s-app=kube-dns',
      timeoutMs: seconds(2),
      signal,
    });
    const found = dnsTargets(site, pods);
    if (found === this.#dnsAt) return false;
    await writeFiles(this.#dir, { 'prometheus/targets/kube-dns.json': found });
    this.#dnsAt = found;
    return true;
  }

  /** Gives Prometheus its files anew; it reads credentials and targets by itself. */
  async #copyAgain(signal: AbortSignal): Promise<void> {
    const to = `${this.#name('prometheus')}:/etc/prometheus`;
    await this.#docker(['cp', contentOf(join(this.#dir, 'prometheus')), to], { signal });
  }

  readonly #name = (what: string): string => `${this.#options.cluster.name}-${what}`;

  readonly #labels = (): readonly string[] => [
    ...['--label', `${labels.run}=${this.#options.runId}`],
    ...['--label', `${labels.cluster}=${this.#options.cluster.name}`],
  ];

  /** Starts a part as a container with its files in it; returns the container's name. */
  async #container(part: MonitoringPart, options: readonly string[]): Promise<string> {
    const { images, signal } = this.#options;
    const name = this.#name(part.name);
    this.#made.add(name);
    const given = [...modest, ...asOptions(part.env ?? {}), ...options];
    await this.#docker(['create', '--name', name, ...this.#labels(), ...given, images[part.image], ...part.command], {
      signal,
    });
    if (part.files !== undefined)
      await this.#docker(['cp', contentOf(join(this.#dir, part.files.folder)), `${name}:${part.files.at}`], { signal });
    await this.#docker(['start', name], { signal });
    return name;
  }

  /** Starts the monitoring inside the cluster; `address` is where its notifications find their way out. */
  async #startInside(parts: readonly MonitoringPart[], address: string, feed: AlertFeed): Promise<void> {
    const { cluster, distribution, images, times, signal } = this.#options;
    this.#inside = await startInside({
      ...{ cluster, images, parts, feed, signal },
      docker: this.#docker,
      ctr: distribution.commands.ctr,
      dir: this.#dir,
      alertmanager: alertmanagerConfig(times, receivers.inside, address),
      everyMs: this.#askEveryMs,
    });
  }

  async #installOnNodes(dir: string, etcd: boolean): Promise<void> {
    const { images, cluster, signal } = this.#options;
    const programs = await Promise.all([
      this.#programOf(images.nodeExporter, 'node_exporter', dir),
      this.#programOf(images.blackbox, 'blackbox_exporter', dir),
    ]);
    await installOnNodes(cluster, { docker: this.#docker, programs, etcd, blackboxConfig: blackboxConfig(), signal });
  }

  /** Takes a program out of its image. */
  async #programOf(image: string, program: string, dir: string): Promise<string> {
    const { signal } = this.#options;
    const name = this.#name(program.replaceAll('_', '-'));
    this.#made.add(name);
    await this.#docker(['create', '--name', name, ...this.#labels(), image], { signal });
    const path = join(dir, program);
    await this.#docker(['cp', '-L', `${name}:/bin/${program}`, path], { signal });
    await this.#docker(['rm', name], { signal });
    this.#made.delete(name);
    return path;
  }

  async #publishedPort(container: string, port: number): Promise<number> {
    const said = await this.#docker(['port', container, `${port}/tcp`], { signal: this.#options.signal });
    return Number(/:(\d+)$/m.exec(said)?.[1]);
  }

  /** Waits until every target was scraped; what is still down after half a minute stays so. */
  async #scraped(): Promise<Awaited<ReturnType<PrometheusApi['targets']>>> {
    const { signal, times } = this.#options;
    using patience = deadline(seconds(30) + 2 * times.scrapeMs, signal);
    let targets: Awaited<ReturnType<PrometheusApi['targets']>> = [];
    let why = 'it has no targets';
    while (!patience.signal.aborted) {
      try {
        targets = await this.#api.targets(patience.signal);
        if (targets.length > 0 && targets.every(({ health }) => health === 'up')) return targets;
      } catch (error) {
        why = oneLine(error);
      }
      await sleep(500, patience.signal).catch(() => undefined);
    }
    signal.throwIfAborted();
    if (targets.length === 0) {
      const logs = await runProcess('docker', ['logs', '--tail', '3', this.#name('prometheus')], { timeoutMs: 5000 });
      throw new FiredrillError('environment', `Prometheus did not start: ${why}: ${oneLine(logs.stderr)}`, {
        hint: 'npm run firedrill -- doctor',
      });
    }
    return targets;
  }

  async #poll(site: Site, alertmanagerPort: number): Promise<void> {
    const { signal } = this.#stopping;
    const stopped = (): boolean => signal.aborted;
    let failures = 0;
    while (!stopped()) {
      try {
        const [rules] = await Promise.all([this.#api.rules(signal), askAlertmanager(alertmanagerPort, signal)]);
        failures = 0;
        this.#feed.polled(rules);
      } catch (error) {
        if (!stopped() && ++failures === failuresUntilSilent)
          this.#feed.fail(`the monitoring is dead: ${oneLine(error)}`);
      }
      // Where the API is down, or is being built, there will be another time.
      await this.#getInAgain(signal).catch(() => undefined);
      const moved = await this.#findDns(site, signal).catch(() => false);
      if (moved) {
        await this.#copyAgain(signal).catch(() => undefined);
        await this.#inside?.update(signal).catch(() => undefined);
      }
      await sleep(this.#askEveryMs, signal).catch(() => undefined);
    }
  }
}

/** An address of the cluster's network that no node has and Docker hands out to nobody (network.ts). */
export function addressBeside({ nodes }: Pick<Cluster, 'nodes'>): string {
  const [first] = nodes;
  return (first?.address ?? '').replace(/\.\d+$/, '.100');
}

/** Of a folder, as `docker cp` takes it: without the dot it copies the folder itself into an existing one. */
const contentOf = (folder: string): string => `${folder}/.`;

/** Files that whoever a container runs as can read; nobody else here can, for the folder above is closed. */
async function writeFiles(dir: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    const path = join(dir, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
    // Whatever the umask is.
    await chmod(path, 0o644);
    for (let folder = dirname(path); folder !== dir; folder = dirname(folder)) await chmod(folder, 0o755);
  }
}
