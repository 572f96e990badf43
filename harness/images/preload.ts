import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { FiredrillError } from '../model/errors.ts';
import { identify } from '../host/identity.ts';
import { because, must, type Runner } from '../host/run.ts';
import { sleep } from '../host/time.ts';
import { contentKey } from './keys.ts';
import { fullName } from '../model/image-name.ts';

const script = (name: string): string => readFileSync(fileURLToPath(new URL(name, import.meta.url)), 'utf8');
const unpackImages = script('unpack-images.sh');
const dropLayers = script('drop-layers.sh');
const maskUnits = script('mask-units.sh');

/**
 * Changes whenever what `preload` leaves in an image changes: by itself with its scripts, and by hand (the number) with the steps in this file.
 */
export const preloadRecipe = contentKey(['preload 5', unpackImages, dropLayers, maskUnits]);

/** What goes into an image's containerd. */
export interface PreloadOptions {
  /** The node image to start from. */
  readonly base: string;
  /** Images of the local Docker (`from`), and the names under which pods ask for them (`as`). */
  readonly images: readonly { readonly from: string; readonly as: string }[];
  readonly tag: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Name of the container it is done in. One that an interrupted run left under this name is removed first. */
  readonly container: string;
  /** Copied into the image: [file here, path there]. */
  readonly files?: readonly (readonly [string, string])[];
  /** The command that starts containerd there; default: `containerd` alone. */
  readonly containerd?: readonly string[];
  /** A path there: the images are put into this archive, too. */
  readonly archive?: string;
  /** What a container of the image starts; default: systemd, behind our entrypoint. */
  readonly starts?: { readonly entrypoint: readonly string[]; readonly command: readonly string[] };
  /** Masks units that a container's boot does not need. */
  readonly masked?: true;
  /** Leaves all layers packed, as kind does. */
  readonly packed?: true;
  /** Paths of the image that are taken out of it, where they are there. */
  readonly without?: readonly string[];
  readonly signal: AbortSignal;
  readonly say: (detail: string) => void;
}

/**
 * Imports images into the containerd of a node image, so that no node ever pulls: containerd runs once in a container of
 * it, takes them from `docker save`, and the container is committed. Appears under its tag only when complete.
 *
 * Images are unpacked here, once, and not by every node at its start, as far as that is possible. The packed layers of what is unpacked are then
 * dropped, which halves what Docker copies into each node's /var at its creation; containerd accepts images without them, as its own
 * `discard_unpacked_layers` leaves them.
 * @returns how large the image is.
 * @throws FiredrillError `environment` with the failing command's last words.
 */
export async function preload(runner: Runner, options: PreloadOptions): Promise<string> {
  const { container, signal, say } = options;
  const [program = '', ...args] = options.containerd ?? ['containerd'];
  const docker = (what: string, ...args: string[]): Promise<string> => must(runner, what, 'docker', args, { signal });
  await runner.run('docker', ['rm', '-f', '-v', container]);
  try {
    await docker(
      `starting containerd from ${options.base}`,
      'run',
      '-d',
      '--name',
      container,
      '--label',
      `${makerLabel}=${process.pid}`,
      '--network',
      'none',
      '--privileged',
      '--entrypoint',
      program,
      options.base,
      ...args,
    );
    await containerdAnswers(runner, container, signal);
    for (const [from, to] of options.files ?? []) await docker(`copying ${from}`, 'cp', from, `${container}:${to}`);

    const without = options.without ?? [];
    if (without.length > 0) await docker('taking out what is not ours', 'exec', container, 'rm', '-f', ...without);

    if (options.masked === true) await docker('masking units', 'exec', container, 'sh', '-c', maskUnits);

    for (const { from, as } of options.images) {
      say(`importing ${as}`);
      await importImage(runner, container, from, signal);
    }

    for (const { from, as } of options.images) {
      const [has, wants] = [fullName(from), fullName(as)];
      if (has === wants) continue;
      await docker(`naming ${wants}`, 'exec', container, 'ctr', '-n', 'k8s.io', 'images', 'tag', '--force', has, wants);
      await docker(`naming ${wants}`, 'exec', container, 'ctr', '-n', 'k8s.io', 'images', 'rm', has);
    }
    if (options.archive !== undefined) {
      const names = options.images.map(({ as }) => fullName(as));
      const ctr = ['ctr', '-n', 'k8s.io', 'images', 'export', options.archive, ...names];
      await docker('archiving images', 'exec', container, ...ctr);
    }
    if (options.packed !== true) {
      say('unpacking images');
      const left = await docker('unpacking images', 'exec', container, 'sh', '-c', unpackImages);
      for (const image of left.split('\n').filter((line) => line !== ''))
        say(`${image} stays packed: each node unpacks it on its own disk`);
    }
    say('dropping packed layers');
    await docker('dropping packed layers', 'exec', container, 'sh', '-c', dropLayers);

    say('stopping containerd');
    // containerd is process 1 there; the image's own stop signal is systemd's and would be ignored.
    await docker('stopping containerd', 'kill', '--signal', 'TERM', container);
    const ended = (await docker('stopping containerd', 'wait', container)).trim();
    // Killed, by the kernel perhaps, it may not have written all that it was given.
    if (ended !== '0')
      throw new FiredrillError(
        'environment',
        `containerd exited with ${ended} in ${container}, so ${options.tag} was not built`,
        {
          hint: 'try again; `dmesg` shows whether the machine ran out of memory',
        },
      );
    say('committing');
    const { entrypoint, command } = options.starts ?? {
      entrypoint: ['/usr/local/bin/entrypoint', '/sbin/init'],
      command: [],
    };
    const changes = [
      `ENTRYPOINT ${JSON.stringify(entrypoint)}`,
      ...(command.length === 0 ? [] : [`CMD ${JSON.stringify(command)}`]),
      ...Object.entries(options.labels).map(([k, v]) => `LABEL ${k}=${JSON.stringify(v)}`),
    ];
    // The stop signal is inherited from the base: commit does not take STOPSIGNAL with every engine.
    await docker(`committing ${options.tag}`, 'commit', ...changes.flatMap((c) => ['-c', c]), container, options.tag);
  } finally {
    // Without the signal: this has to happen even when we were told to stop.
    await runner.run('docker', ['rm', '-f', '-v', container]);
  }
  const bytes = await docker('measuring the image', 'image', 'inspect', '-f', '{{.Size}}', options.tag);
  return `${(Number(bytes) / 1e9).toFixed(2)} GB`;
}

/** The label that says which process works in a container. */
const makerLabel = 'firedrill.preload';

/** Removes the containers in which node images were being made by processes that are gone. What they hold was never an image. */
export async function removeHalfMade(runner: Runner, signal?: AbortSignal): Promise<void> {
  const format = `{{.Names}}\t{{.Label "${makerLabel}"}}`;
  const args = ['ps', '-a', '--filter', `label=${makerLabel}`, '--format', format];
  const listed = await must(runner, 'listing containers', 'docker', args, {
    signal,
    hint: 'npm run firedrill -- doctor',
  });
  for (const line of listed.split('\n')) {
    const [name = '', pid = ''] = line.split('\t');
    if (name !== '' && identify(Number(pid)) === undefined)
      await runner.run('docker', ['rm', '-f', '-v', name], { signal });
  }
}

/**
 * Imports one image, packed. It is unpacked afterwards, with whatever else is: a layer that deletes a file of an earlier one cannot be in a container on
 * overlayfs, for containerd marks the file with a device node, which overlayfs keeps for itself. Such an image stays packed, as kind leaves all of its
 * own, and each node unpacks it on its own disk.
 */
async function importImage(runner: Runner, container: string, image: string, signal: AbortSignal): Promise<void> {
  const imported = await runner.pipe(
    ['docker', 'save', image],
    ['docker', 'exec', '-i', container, 'ctr', '-n', 'k8s.io', 'images', 'import', '--no-unpack', '-'],
    { signal },
  );
  if (imported.ok) return;
  throw new FiredrillError('environment', `importing ${image} into the node failed: ${because('ctr', imported)}`, {
    hint: `the image may be damaged: \`docker image rm ${image}\`, then try again (it is pulled or built again)`,
  });
}

async function containerdAnswers(runner: Runner, container: string, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const answer = await runner.run('docker', ['exec', container, 'ctr', 'version'], { signal, timeoutMs: 10_000 });
    if (answer.ok) return;
    if (performance.now() > deadline) {
      const log = await runner.run('docker', ['logs', '--tail', '3', container], { timeoutMs: 10_000 });
      throw new FiredrillError('environment', `containerd does not answer in ${container}: ${because('ctr', answer)}`, {
        hint: 'npm run firedrill -- doctor: privileged containers must work here',
        cause: log.stderr,
      });
    }
    await sleep(300, signal);
  }
}
