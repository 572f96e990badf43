import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { aptInstall } from '../../harness/host/apt.ts';
import { freePorts } from '../../harness/host/ports.ts';
import { realRunner } from '../../harness/host/run.ts';

/** An empty registry on loopback: Debian's docker-registry. */
export async function startRegistry(): Promise<{ readonly host: string; readonly stop: () => Promise<void> }> {
  if ((await realRunner.run('docker-registry', ['--version'])).missing)
    await aptInstall(realRunner, ['docker-registry']);
  const dir = await mkdtemp(join(tmpdir(), 'firedrill-registry-'));
  const [port = 0] = await freePorts(1);
  const host = `localhost:${String(port)}`;
  const registry = spawn('docker-registry', ['serve', '/etc/docker/registry/config.yml'], {
    stdio: 'ignore',
    env: {
      ...process.env,
      REGISTRY_HTTP_ADDR: host.replace('localhost', '127.0.0.1'),
      REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: dir,
      REGISTRY_AUTH: '',
    },
  });
  const stop = async (): Promise<void> => {
    if (registry.exitCode === null) {
      const ended = new Promise((resolve) => registry.once('exit', resolve));
      registry.kill('SIGTERM');
      await ended;
    }
    await rm(dir, { recursive: true, force: true });
  };
  for (let i = 0; ; i++) {
    const answer = await fetch(`http://${host}/v2/`).catch(() => undefined);
    if (answer?.ok === true) return { host, stop };
    if (i > 100) {
      await stop();
      throw new Error('docker-registry does not answer');
    }
    await sleep(100);
  }
}
