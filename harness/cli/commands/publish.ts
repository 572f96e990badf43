import { writeFile } from 'node:fs/promises';
import {
  indexCommands,
  join,
  planPublish,
  publishImages,
  publishIndexes,
  readPublication,
  type Publication,
} from '../../images/publish.ts';
import { exitCodes, FiredrillError, oneLine } from '../../model/errors.ts';
import { machineArchitecture } from '../../host/architecture.ts';
import type { CommandContext } from '../context.ts';
import type { ReporterName } from '../options.ts';
import { chooseReporter, makeReporter, realWorld } from '../progress/reporter.ts';

export interface PublishFlags {
  readonly to?: string;
  readonly part?: boolean;
  readonly join?: readonly string[];
  readonly file?: string;
  readonly dryRun?: boolean;
  readonly reporter?: ReporterName;
}

/**
 * `publish --to <registry>`: pushes the images that are built here, so that other machines pull them (FIREDRILL_REGISTRY). For several architectures each
 * machine pushes its `--part`, and `--join` puts one index over them.
 */
export async function publish(context: CommandContext, flags: PublishFlags): Promise<number> {
  if ((flags.to === undefined) === (flags.join === undefined)) {
    throw new FiredrillError('usage', 'publish: needs --to <registry>, or --join with the files of each architecture', {
      hint: 'npm run firedrill -- publish --to ghcr.io/acme/firedrill',
    });
  }
  if (flags.part === true && flags.file === undefined) {
    throw new FiredrillError('usage', 'publish: --part needs --file, which is joined later', {
      hint: `npm run firedrill -- publish --to ${flags.to ?? 'ghcr.io/acme/firedrill'} --part --file ${machineArchitecture()}.json`,
    });
  }
  const parts = flags.join === undefined ? undefined : join(await Promise.all(flags.join.map(readPublication)));
  if (flags.dryRun === true) {
    context.output.result((await dryRun(context, flags, parts)).join('\n'));
    return exitCodes.done;
  }
  const reporter = makeReporter(chooseReporter(flags.reporter, context.output, context.env), realWorld(context.output));
  let done: Publication;
  try {
    done = parts ?? (await publishImages({ to: flags.to ?? '' }, reporter.onProgress, context.signal));
    if (flags.part !== true) done = await publishIndexes(done, {}, reporter.onProgress, context.signal);
  } finally {
    reporter.stop();
  }
  if (flags.file !== undefined) {
    try {
      await writeFile(flags.file, `${JSON.stringify(done, null, 2)}\n`);
    } catch (cause) {
      throw new FiredrillError('usage', `${flags.file} cannot be written: ${oneLine(cause)}`, { cause });
    }
  }
  const lines = Object.values(done.images).map(
    ({ name, tag, digest, manifests }) =>
      `${name}:${tag}${digest === undefined ? '' : `@${digest}`} (${Object.keys(manifests).join(', ')})`,
  );
  context.output.result(lines.join('\n'));
  return exitCodes.done;
}

/** What would be done, and nothing done. */
async function dryRun(
  context: CommandContext,
  flags: PublishFlags,
  parts: Publication | undefined,
): Promise<readonly string[]> {
  if (parts !== undefined) {
    return Object.values(parts.images).flatMap((image) => {
      const { create, push } = indexCommands(image);
      return [create, push].map((args) => `docker ${args.join(' ')}`);
    });
  }
  const { build, push } = await planPublish({ to: flags.to ?? '' }, context.signal);
  return [
    ...build.map((title) => `build: ${title}`),
    ...push.map(({ from, name, tag }) => `push: ${from} as ${name}:${tag}-${machineArchitecture()}`),
    ...(flags.part === true ? [] : push.map(({ name, tag }) => `index: ${name}:${tag}`)),
  ];
}
