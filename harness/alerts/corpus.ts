import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { must, realRunner } from '../host/run.ts';
import { FiredrillError, oneLine } from '../model/errors.ts';
import { parseAs } from '../model/schema.ts';
import { truthSchema, type Truth } from './truth.ts';

/*
 * Kept outages: a folder a trial with truth.json and metrics.tar.gz, a gzip'd tar of a Prometheus data directory with its blocks at the top.
 */

/** A trial of the corpus. */
export interface KeptTrial {
  /** Its folder's name. */
  readonly name: string;
  readonly dir: string;
  readonly truth: Truth;
}

/** What of a corpus can be used, and what cannot and why. */
export interface Corpus {
  readonly trials: readonly KeptTrial[];
  readonly damaged: readonly { readonly name: string; readonly why: string }[];
}

const truthOf = (dir: string) => join(dir, 'truth.json');
export const metricsFile = 'metrics.tar.gz';

/** The checksum of a file. */
export async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/**
 * Every trial of these corpora. Whatever is damaged is told apart and not thrown: the rest can still be tested on, and whoever prints the result prints
 * that, too.
 * @throws FiredrillError `usage` for a folder that is not there or holds no trial
 */
export async function readCorpus(folders: readonly string[]): Promise<Corpus> {
  const trials: KeptTrial[] = [];
  const damaged: { readonly name: string; readonly why: string }[] = [];
  for (const folder of folders) {
    const names = existsSync(folder)
      ? readdirSync(folder)
          .filter((name) => statSync(join(folder, name)).isDirectory())
          .sort()
      : [];
    const there = names.filter((name) =>
      [truthOf(join(folder, name)), join(folder, name, metricsFile)].some(existsSync),
    );
    if (there.length === 0) {
      throw new FiredrillError('usage', `no corpus at ${folder}: it has no <name>/truth.json`, {
        hint: 'npm run firedrill -- alerts corpus add <run>',
      });
    }
    for (const name of there) {
      const dir = join(folder, name);
      try {
        const truth = parseAs(truthSchema, readFileSync(truthOf(dir), 'utf8'));
        if ((await sha256(join(dir, metricsFile))) !== truth.sha256)
          throw new Error(`${metricsFile} is not what truth.json says`);
        trials.push({ name, dir, truth });
      } catch (error) {
        damaged.push({ name, why: oneLine(error) });
      }
    }
  }
  return { trials, damaged };
}

/** A trial's data, unpacked for a Prometheus that may write to it. */
export interface Unpacked extends AsyncDisposable {
  readonly data: string;
}

/** Unpacks an archive of metrics into a folder of its own, which goes with it. @throws FiredrillError `environment` when tar cannot */
export async function unpack(archive: string, signal?: AbortSignal): Promise<Unpacked> {
  const data = await mkdtemp(join(tmpdir(), 'firedrill-metrics-'));
  const remove = () => rm(data, { recursive: true, force: true });
  try {
    await must(realRunner, `unpacking ${archive}`, 'tar', ['-xzf', archive, '-C', data], {
      signal,
      timeoutMs: 120_000,
    });
  } catch (error) {
    await remove();
    throw error;
  }
  return { data, [Symbol.asyncDispose]: remove };
}

const blockMeta = z.object({ minTime: z.number(), maxTime: z.number() });

/** From when to when the blocks of a data directory have samples, in Unix ms; undefined when it has none. */
export function spanOfBlocks(data: string): { readonly fromMs: number; readonly toMs: number } | undefined {
  const metas = readdirSync(data)
    .map((name) => join(data, name, 'meta.json'))
    .filter((file) => existsSync(file))
    .map((file) => parseAs(blockMeta, readFileSync(file, 'utf8')));
  if (metas.length === 0) return undefined;
  // A block's end is exclusive.
  return { fromMs: Math.min(...metas.map((m) => m.minTime)), toMs: Math.max(...metas.map((m) => m.maxTime)) - 1 };
}

/**
 * Adds a trial to a corpus, in place of one of the same name.
 * @param truth what is known of it; data span and checksum are read of the archive
 * @throws FiredrillError `usage` when the archive holds no blocks
 */
export async function addToCorpus(
  folder: string,
  name: string,
  archive: string,
  truth: Omit<Truth, 'dataFromMs' | 'dataToMs' | 'sha256'>,
  signal?: AbortSignal,
): Promise<KeptTrial> {
  await using unpacked = await unpack(archive, signal);
  const span = spanOfBlocks(unpacked.data);
  if (span === undefined) {
    throw new FiredrillError('usage', `${archive} has no blocks of a Prometheus data directory at its top`, {
      hint: 'promtool tsdb list <data directory>',
    });
  }
  const dir = join(folder, name);
  await mkdir(dir, { recursive: true });
  await copyFile(archive, join(dir, metricsFile));
  const whole: Truth = { ...truth, dataFromMs: span.fromMs, dataToMs: span.toMs, sha256: await sha256(archive) };
  await writeFile(truthOf(dir), `${JSON.stringify(whole, null, 2)}\n`);
  return { name, dir, truth: whole };
}
