import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FiredrillError, oneLine } from '../../model/errors.ts';
import { linesOf } from '../docker.ts';
import { controlPlanePatches, kindConfig, patchesDir } from './config.ts';
import type { ClusterSpec } from '../spec.ts';
import { nodeRunArgs, type NodesToMake } from '../platform.ts';
import { shellScript } from '../shell.ts';
import { sleep } from '../../host/time.ts';

const createTimeoutMs = 300_000;

/**
 * kind starts its nodes with `docker run`. This stands before the real one on kind's PATH and gives each node what kind has
 * no setting for: our labels, a fixed address (Docker hands addresses out in start order, so that nodes killed and started
 * in another order would swap theirs and the control plane never come back), and, behind the fence, a resolver that
 * knows the names of this network and nothing else (Docker's own asks the host's resolver from outside the fence; with
 * 127.0.0.1 given it asks inside the node, where nobody listens, and says so at once). What kind itself asked for is written
 * down: a node that is restored from a snapshot is started with the same words. The control plane gets kubeadm's patches.
 *
 * A file tells that a node is being made: Docker goes on making it for seconds, unseen in any list, when the client that asked
 * for it is killed.
 *
 * kind outlives a harness that was killed (kill -9) and would go on making nodes after `clean` has looked: without its owner it
 * makes no more, and takes back the one it was making.
 */
const dockerShim = () => shellScript('docker-shim.sh');

const pathsOf = (workDir: string) => ({
  shims: join(workDir, 'kind-path'),
  inFlight: join(workDir, 'in-flight'),
  asked: join(workDir, 'asked'),
  patches: join(workDir, 'patches'),
});

/**
 * Lets kind make the nodes `names` on a network that is there already, and kubeadm a cluster of them.
 * @throws FiredrillError `environment` with what kind said; what it made is left to the caller to remove
 */
export async function kindCreate(spec: ClusterSpec, given: NodesToMake, signal: AbortSignal): Promise<void> {
  const { workDir, kindBinary, nodeImage } = spec;
  const { names, net, ports, kubeconfig, run } = given;
  const paths = pathsOf(workDir);
  const config = join(workDir, 'kind.yaml');
  await writeFile(config, kindConfig({ ...spec, ports }));
  for (const dir of Object.values(paths)) await mkdir(dir, { recursive: true });
  for (const [file, patch] of Object.entries(controlPlanePatches(spec.profile))) {
    await writeFile(join(paths.patches, file), patch);
  }
  await writeFile(join(paths.shims, 'docker'), dockerShim());
  await chmod(join(paths.shims, 'docker'), 0o755);

  const env: Record<string, string> = {};
  for (const [key, value] of Object.entries(process.env)) {
    // kind hands proxies on to its nodes, where nothing may use them.
    if (value !== undefined && !/^(https?|no|all)_proxy$/i.test(key) && !key.startsWith('KIND_')) env[key] = value;
  }
  const docker = await run('sh', ['-c', 'command -v docker'], { timeoutMs: 5000 });
  Object.assign(env, {
    PATH: `${paths.shims}:${process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin'}`,
    KUBECONFIG: kubeconfig,
    KIND_EXPERIMENTAL_PROVIDER: 'docker',
    KIND_EXPERIMENTAL_DOCKER_NETWORK: net.name,
    FIREDRILL_DOCKER: docker.stdout.trim(),
    FIREDRILL_OWNER: String(process.pid),
    FIREDRILL_IN_FLIGHT: paths.inFlight,
    FIREDRILL_ASKED: paths.asked,
    FIREDRILL_PATCHES: paths.patches,
    FIREDRILL_PATCHES_DIR: patchesDir,
    FIREDRILL_ADDRESSES: names.map((name, index) => `${name}=${net.nodeAddress(index)}`).join(' '),
    FIREDRILL_RUN_ARGS: nodeRunArgs(spec).join(' '),
  });
  const result = await run(
    kindBinary,
    [
      ...['create', 'cluster', '--name', spec.name, '--image', nodeImage, '--config', config],
      // The caller removes the nodes by its own label, and a log of what failed can still be read.
      ...['--kubeconfig', kubeconfig, '--retain'],
    ],
    { env, signal, timeoutMs: createTimeoutMs, group: 'leader' },
  );
  const log = join(workDir, 'kind.log');
  await writeFile(log, `${result.stdout}${result.stderr}`);
  signal.throwIfAborted();
  if (result.exitCode !== 0) {
    const said = linesOf(result.stderr).filter((line) => /error|fail|already|timed out/i.test(line));
    throw new FiredrillError(
      'environment',
      `kind could not create ${spec.name} (exit ${result.exitCode}): ${oneLine(said.slice(0, 3).join('; ') || result.stderr)}`,
      { hint: `less ${log}` },
    );
  }
}

/** The arguments after `docker run` with which kind asked for a node, its image last. */
export async function askedFor(workDir: string, node: string): Promise<readonly string[]> {
  const text = await readFile(join(pathsOf(workDir).asked, node), 'utf8');
  return text.split('\0').slice(0, -1);
}

/** Waits until Docker has made every node that it was asked for: only then can they be seen, and removed. */
export async function nodesMade(workDir: string): Promise<void> {
  const deadline = performance.now() + 60_000;
  const signal = new AbortController().signal;
  while (performance.now() < deadline) {
    if ((await readdir(pathsOf(workDir).inFlight).catch(() => [])).length === 0) return;
    await sleep(200, signal);
  }
}
