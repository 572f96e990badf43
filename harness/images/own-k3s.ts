import { access, constants } from 'node:fs/promises';
import { resolve } from 'node:path';
import { machineArchitecture, type Architecture } from '../host/architecture.ts';
import { sha256Of } from '../host/download.ts';
import { realRunner, type Runner } from '../host/run.ts';
import { FiredrillError, oneLine } from '../model/errors.ts';
import { programArchitecture } from './elf.ts';
import { builtMinor } from './refs.ts';

/** The real k3s, in place of the stand-in: one that the user names, or upstream's release. */
export interface OwnK3s {
  /** Paths of the program, and of its images as k3s' releases have them for machines without internet. */
  readonly program: string;
  readonly images: string;
  /** `v1.34.3+k3s1` */
  readonly version: string;
  /** A hash of both files. */
  readonly key: string;
}

/** Endings of archives that k3s imports at its start. (docs.k3s.io, "Air-Gap Install".) */
const endings = ['.tar', '.tar.gz', '.tar.zst'] as const;

/** The name of an archive in the node image. */
export const archiveName = ({ images }: Pick<OwnK3s, 'images'>): string =>
  `images-k3s${endings.findLast((ending) => images.endsWith(ending)) ?? ''}`;

/**
 * The k3s that `FIREDRILL_K3S` and `FIREDRILL_K3S_IMAGES` name; undefined where neither is set.
 * @throws FiredrillError `usage` for one that cannot be used here: missing, of another architecture or of another version
 */
export async function ownK3s(
  env: Readonly<Record<string, string | undefined>> = process.env,
  runner: Runner = realRunner,
  architecture: Architecture = machineArchitecture(),
): Promise<OwnK3s | undefined> {
  const { FIREDRILL_K3S: named = '', FIREDRILL_K3S_IMAGES: archived = '' } = env;
  if (named === '' && archived === '') return undefined;
  const release = `https://github.com/k3s-io/k3s/releases, k3s-airgap-images-${architecture}.tar.zst`;
  if (named === '')
    throw new FiredrillError('usage', 'FIREDRILL_K3S_IMAGES is set, and FIREDRILL_K3S is not', {
      hint: 'FIREDRILL_K3S=/path/to/k3s',
    });
  if (archived === '')
    throw new FiredrillError('usage', 'FIREDRILL_K3S needs its images: nothing in a fenced cluster can pull any', {
      hint: `FIREDRILL_K3S_IMAGES=/path/to/archive, from ${release}`,
    });
  const [program, images] = [resolve(named), resolve(archived)];
  await readable('FIREDRILL_K3S', program);
  await readable('FIREDRILL_K3S_IMAGES', images);
  if (!endings.some((ending) => images.endsWith(ending)))
    throw new FiredrillError('usage', `FIREDRILL_K3S_IMAGES: ${images} is no archive that k3s imports`, {
      hint: `one that ends in ${endings.join(', ')}: ${release}`,
    });
  const made = await programArchitecture(program);
  if (made !== architecture)
    throw new FiredrillError(
      'usage',
      `FIREDRILL_K3S: ${program} is ${made === undefined ? 'no Linux program' : `for ${made}`}, and this machine is ${architecture}`,
      { hint: `the one for ${architecture}: https://github.com/k3s-io/k3s/releases` },
    );
  const told = await runner.run(program, ['--version'], { timeoutMs: 20_000 });
  const version = /^k3s version (v\d+\.\d+\.\d+\S*)/m.exec(told.stdout)?.[1];
  if (version === undefined)
    throw new FiredrillError(
      'usage',
      `FIREDRILL_K3S: ${program} does not say which k3s it is: ${oneLine(told.stdout || told.stderr)}`,
      {
        hint: `${program} --version`,
      },
    );
  if (!version.startsWith(`v${builtMinor}.`))
    throw new FiredrillError(
      'usage',
      `FIREDRILL_K3S: ${program} is k3s ${version}, and the outages are for ${builtMinor}`,
      {
        hint: `a release of v${builtMinor}: https://github.com/k3s-io/k3s/releases`,
      },
    );
  const key = (await Promise.all([program, images].map(sha256Of))).map((hash) => hash.slice(0, 16)).join('-');
  return { program, images, version, key };
}

async function readable(variable: string, path: string): Promise<void> {
  try {
    await access(path, constants.R_OK);
  } catch (error) {
    throw new FiredrillError('usage', `${variable}: ${oneLine(error)}`, { hint: `ls -l ${path}`, cause: error });
  }
}
