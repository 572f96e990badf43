/**
 * What the monitoring beside a trial costs: `npm run bench watching`
 *
 * A cluster at rest, without the monitoring, with all of it, and with some of its scrape jobs left out in turn. CPU is read per program from /proc,
 * for what a scrape costs lies mostly in the program that is scraped. Seconds of CPU a minute, in containers of the cluster alone.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parse, stringify } from 'yaml';
import { loadRuleSet } from '../harness/alerts/live/load.ts';
import { startAlertStack } from '../harness/alerts/live/stack.ts';
import { alertTimes } from '../harness/alerts/live/times.ts';
import { containersOf } from '../harness/cluster/containers.ts';
import { dockerCli } from '../harness/cluster/docker.ts';
import { kubeadm } from '../harness/distributions/kubeadm.ts';
import { dockerProvider } from '../harness/cluster/docker-provider.ts';
import { freshSource } from '../harness/cluster/provide.ts';
import { monitoringImages, stackImages } from '../harness/engine/monitoring.ts';
import { sleep } from '../harness/host/time.ts';
import { ensureImages } from '../harness/images/ensure.ts';
import { profiles } from '../harness/model/profile.ts';
import { clusterBase, inFolder, keep, say, table, untilTold } from './support.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '40' },
    each: { type: 'string', default: '20' },
    jobs: { type: 'string', default: 'apiserver,kubelet,kubelet-cadvisor,node-exporter,kube-state-metrics,blackbox' },
  },
});

/** Ticks of CPU by program, of every process in containers of the cluster: what else runs on this machine does not count. */
async function ticks(): Promise<ReadonlyMap<string, number>> {
  const ids = await containersOf(docker, name);
  const found = new Map<string, number>();
  for (const pid of (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry))) {
    const of = (file: string): Promise<string> => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
    const [stat, groups] = await Promise.all([of('stat'), of('cgroup')]);
    const [, program, rest = ''] = /^\d+ \((.*)\) (.*)$/s.exec(stat) ?? [];
    if (program === undefined || !ids.some((id) => groups.includes(id))) continue;
    // utime and stime, and those of children that were waited for: fields 14 to 17 of proc(5).
    const used = rest
      .split(' ')
      .slice(11, 15)
      .reduce((sum, one) => sum + Number(one), 0);
    found.set(program, (found.get(program) ?? 0) + used);
  }
  return found;
}

/** Seconds of CPU a minute, by program, during so long. */
async function cpuDuring(seconds: number, signal: AbortSignal): Promise<ReadonlyMap<string, number>> {
  const before = await ticks();
  await sleep(seconds * 1000, signal);
  const after = await ticks();
  return new Map(
    [...after].map(([name, count]) => [name, (Math.max(0, count - (before.get(name) ?? 0)) / 100 / seconds) * 60]),
  );
}

const total = (cpu: ReadonlyMap<string, number>): number => [...cpu.values()].reduce((sum, one) => sum + one, 0);

/** Jobs that are left out together. */
const groupOf = (job: string): string => job.replace(/^blackbox-.*/, 'blackbox');

interface Config {
  scrape_configs: { job_name: string }[];
}

const signal = untilTold();
const base = await clusterBase(`bench-watching-${process.pid}`, signal);
const images = await ensureImages({ mode: 'auto', optional: monitoringImages }, () => undefined, signal);
const docker = dockerCli();
const name = `firedrill-${base.runId}`;
await inFolder(async (workDir) => {
  try {
    say('starting a cluster');
    const source = freshSource(base, () => name);
    const cluster = await source.provide(
      { name: await source.reserve(), workDir, onProgress: () => undefined },
      signal,
    );
    await sleep(15_000, signal);
    say('without');
    const without = await cpuDuring(Number(values.seconds), signal);
    const stack = await startAlertStack({
      images: stackImages(images),
      rules: loadRuleSet(['stock'], profiles.fast),
      times: alertTimes(profiles.fast),
      cluster,
      distribution: kubeadm,
      slis: [],
      runId: base.runId,
      workDir,
      zeroEpochMs: Date.now(),
      nowMs: () => performance.now(),
      signal,
    });
    try {
      const file = join(workDir, 'monitoring', 'prometheus', 'prometheus.yml');
      const whole = await readFile(file, 'utf8');
      const scraping = async (left: (job: string) => boolean): Promise<void> => {
        const config = parse(whole) as Config;
        config.scrape_configs = config.scrape_configs.filter(({ job_name: job }) => left(job));
        await writeFile(file, stringify(config, { aliasDuplicateObjects: false }));
        await docker(['cp', file, `${name}-prometheus:/etc/prometheus/prometheus.yml`]);
        await docker(['kill', '-s', 'HUP', `${name}-prometheus`]);
        await sleep(5000, signal);
      };
      await sleep(10_000, signal);
      say('with all of it');
      const all = await cpuDuring(Number(values.seconds), signal);
      const out: { readonly job: string; readonly saves: number }[] = [];
      for (const group of values.jobs.split(',')) {
        say(`without ${group}`);
        await scraping((job) => groupOf(job) !== group);
        out.push({ job: group, saves: total(all) - total(await cpuDuring(Number(values.each), signal)) });
      }
      say('scraping nothing');
      await scraping(() => false);
      const nothing = await cpuDuring(Number(values.each), signal);
      const programs = [...all.keys()]
        .map((program) => ({
          program,
          without: without.get(program) ?? 0,
          with: all.get(program) ?? 0,
          unscraped: nothing.get(program) ?? 0,
        }))
        .filter((row) => Math.abs(row.with - row.without) >= 0.15)
        .sort((a, b) => b.with - b.without - (a.with - a.without));
      const s = (value: number): string => value.toFixed(1);
      process.stdout.write(
        `${table([
          ['CPU s a minute', 'without', 'with', 'difference', 'scraping nothing'],
          ['all', s(total(without)), s(total(all)), s(total(all) - total(without)), s(total(nothing))],
          ...programs.map((row) => [
            row.program,
            s(row.without),
            s(row.with),
            s(row.with - row.without),
            s(row.unscraped),
          ]),
        ])}\n\n${table([['without the job', 'saves'], ...out.map(({ job, saves }) => [job, s(saves)])])}\n`,
      );
      await keep('watching', {
        without: total(without),
        with: total(all),
        scrapingNothing: total(nothing),
        programs,
        out,
      });
    } finally {
      await stack.stop();
    }
  } finally {
    const provider = dockerProvider();
    for (const kind of ['cluster', 'fence', 'network'] as const)
      await provider.delete({ kind, name, runId: base.runId }, AbortSignal.timeout(60_000));
  }
});
