import { setTimeout as sleep } from 'node:timers/promises';

import { FiredrillError } from '../model/errors.ts';
import { because, must, type Runner } from '../setup/run.ts';
import { fullName } from './refs.ts';

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
  readonly signal: AbortSignal;
  readonly say: (detail: string) => void;
}

/**
 * Imports images into the containerd of a node image, so that no node ever pulls: containerd runs once in a container of
 * it, takes them from `docker save`, and the container is committed. Appears under its tag only when complete.
 *
 * Images are unpacked here, once, and not by every node at its start. Their packed layers are then dropped, which halves
 * what Docker copies into each node's /var at its creation; only where containerd 1.x is inside, which is known to accept
 * images without them.
 * @returns how large the image is.
 * @throws FiredrillError `environment` with the failing command's last words.
 */
export async function preload(runner: Runner, options: PreloadOptions): Promise<string> {
  const { container, signal, say } = options;
  const docker = (what: string, ...args: string[]): Promise<string> => must(runner, what, 'docker', args, { signal });
  await runner.run('docker', ['rm', '-f', '-v', container]);
  try {
    await docker(
      `starting containerd from ${options.base}`,
      'run',
      '-d',
      '--name',
      container,
      '--network',
      'none',
      '--privileged',
      '--entrypoint',
      'containerd',
      options.base,
    );
    await containerdAnswers(runner, container, signal);
    for (const [from, to] of options.files ?? []) await docker(`copying ${from}`, 'cp', from, `${container}:${to}`);

    const sources = options.images.map((i) => i.from);
    say(`importing ${String(sources.length)} images`);
    const imported = await runner.pipe(
      ['docker', 'save', ...sources],
      ['docker', 'exec', '-i', container, 'ctr', '-n', 'k8s.io', 'images', 'import', '-'],
      { signal },
    );
    if (!imported.ok)
      throw new FiredrillError('environment', `importing images into the node failed: ${because('ctr', imported)}`);

    for (const { from, as } of options.images) {
      const [has, wants] = [fullName(from), fullName(as)];
      if (has === wants) continue;
      await docker(`naming ${wants}`, 'exec', container, 'ctr', '-n', 'k8s.io', 'images', 'tag', '--force', has, wants);
      await docker(`naming ${wants}`, 'exec', container, 'ctr', '-n', 'k8s.io', 'images', 'rm', has);
    }
    say('dropping packed layers');
    await docker('dropping packed layers', 'exec', container, 'sh', '-c', dropLayers);

    say('stopping containerd');
    // containerd is process 1 there; the image's own stop signal is systemd's and would be ignored.
    await docker('stopping containerd', 'kill', '--signal', 'TERM', container);
    await docker('stopping containerd', 'wait', container);
    say('committing');
    const changes = [
      `ENTRYPOINT ["/usr/local/bin/entrypoint","/sbin/init"]`,
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

/** Manifests and configurations are JSON and stay; everything else in the content store is a layer. */
const dropLayers = `set -e
case "$(containerd --version)" in *' '1.*|*' 'v1.*) ;; *) exit 0 ;; esac
for digest in $(ctr -n k8s.io content ls -q); do
  if [ "$(ctr -n k8s.io content get "$digest" | head -c 1)" != '{' ]; then ctr -n k8s.io content rm "$digest" > /dev/null; fi
done
# Removing only forgets them. A synchronous removal of an image, here of a second name, sweeps the disk before it returns.
any=$(ctr -n k8s.io images ls -q | head -n 1)
ctr -n k8s.io images tag "$any" firedrill.invalid/sweep:now > /dev/null
ctr -n k8s.io images rm --sync firedrill.invalid/sweep:now > /dev/null`;

async function containerdAnswers(runner: Runner, container: string, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const answer = await runner.run('docker', ['exec', container, 'ctr', 'version'], { signal, timeoutMs: 10_000 });
    if (answer.ok) return;
    if (performance.now() > deadline) {
      const log = await runner.run('docker', ['logs', '--tail', '3', container], { timeoutMs: 10_000 });
      throw new FiredrillError('environment', `containerd does not answer in ${container}: ${because('ctr', answer)}`, {
        hint: 'run `firedrill doctor`: privileged containers have to work here',
        cause: log.stderr,
      });
    }
    await sleep(300, undefined, { signal });
  }
}
