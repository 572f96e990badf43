import { createConnection } from 'node:net';
import { createInterface } from 'node:readline';
import { cp, mkdir, mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { packageList } from '../../harness/images/build.ts';
import { contentKey, pathKey, short } from '../../harness/images/keys.ts';
import { freePorts } from '../../harness/host/ports.ts';
import { FiredrillError } from '../../harness/model/errors.ts';
import { must, type Runner } from '../../harness/host/run.ts';

/** The recipe of the machine's disk. */
export const recipe = join(import.meta.dirname, 'machine');

/** Debian's release in the machine: its systemd knows control groups of version 2 only by default, its Docker every client of these years. */
const suite = 'trixie';

/** What the disk may grow to; what is not written takes no room. */
const diskGiB = 20;

/** Raised when a disk is made in another way. */
const generation = 1;

/** Names a disk by all that is on it: the recipe, and the node image that Docker has there. */
export const diskKey = (recipeKey: string, imageId: string): string =>
  short(contentKey([String(generation), suite, String(diskGiB), recipeKey, imageId]));

/** How a machine is started. */
export interface MachineOptions {
  /** Folder with `disk`, `kernel` and `initrd`. */
  readonly folder: string;
  /** Port of loopback that leads to the machine's Docker. */
  readonly port: number;
  /** Gets the console and the monitor's socket. */
  readonly workDir: string;
  readonly memoryMiB: number;
  readonly cpus: number;
  /** What is written to the disk stays there. Otherwise it goes with the machine. */
  readonly keep: boolean;
}

/**
 * QEMU's arguments. The machine has no way out: its network is user mode's with everything refused but the ports that are forwarded to it.
 */
export function qemuArgs(options: MachineOptions): readonly string[] {
  const { folder, workDir, port } = options;
  const comma = (path: string): string => path.replaceAll(',', ',,');
  return [
    ...['-accel', 'tcg,thread=multi', '-cpu', 'max'],
    ...[
      '-smp',
      String(options.cpus),
      '-m',
      String(options.memoryMiB),
      '-nodefaults',
      '-no-reboot',
      '-no-user-config',
      '-display',
      'none',
    ],
    ...['-kernel', join(folder, 'kernel'), '-initrd', join(folder, 'initrd')],
    // Names of devices as the kernel gives them: the recipe knows eth0.
    ...['-append', 'root=/dev/vda rw console=ttyS0 net.ifnames=0 cgroup_no_v1=all mitigations=off panic=-1'],
    ...[
      '-drive',
      `file=${comma(join(folder, 'disk'))},format=raw,if=virtio,cache=unsafe,snapshot=${options.keep ? 'off' : 'on'}`,
    ],
    ...[
      '-netdev',
      `user,id=n,restrict=on,hostfwd=tcp:127.0.0.1:${port}-10.0.2.15:2375`,
      '-device',
      'virtio-net-pci,netdev=n,romfile=',
    ],
    ...['-device', 'virtio-rng-pci', '-serial', `file:${comma(join(workDir, 'console'))}`],
    ...['-qmp', `unix:${comma(join(workDir, 'monitor'))},server,nowait`],
  ];
}

/** A machine that runs. */
export interface Machine {
  /** For DOCKER_HOST. */
  readonly dockerHost: string;
  /** Makes what containers publish at this port of the machine's loopback reachable at the same port of this one's. */
  forward(port: number): Promise<void>;
  /** @throws FiredrillError `environment` when it has ended, with its kernel's last words */
  check(): void;
  /** Ends it at once, with all that was written where `keep` was false. */
  stop(): Promise<void>;
  /** Resolves when it has switched itself off. */
  off(timeoutMs: number): Promise<void>;
}

const qemu = 'qemu-system-x86_64';

/**
 * Looks for what a machine needs.
 * @throws FiredrillError `environment` with the command that mends it
 */
export async function checkQemu(
  runner: Pick<Runner, 'run'>,
  platform: string = process.platform,
  arch: string = process.arch,
): Promise<void> {
  if (platform !== 'linux' || arch !== 'x64') {
    throw new FiredrillError(
      'environment',
      `a machine with control groups of version 2 is made on Linux x86-64 only, not ${platform} ${arch}`,
    );
  }
  const found = await runner.run(qemu, ['--version'], { timeoutMs: 20_000 });
  if (!found.ok) {
    throw new FiredrillError('environment', `${qemu} is not there`, {
      hint: "apt-get install --no-install-recommends qemu-system-x86 (elsewhere: your package manager's QEMU)",
    });
  }
}

/** What a console says of why its machine ended: its kernel's panic, else its last lines. */
export function lastWords(console: string): string {
  const lines = console
    .replace(/\u001b\[[0-9;]*[A-Za-z]/g, '')
    .split(/[\r\n]+/)
    .filter((line) => line.trim() !== '');
  const panic = lines.filter((line) => /Oops|Kernel panic|Out of memory/.test(line));
  return (panic.length > 0 ? panic.slice(0, 2) : lines.slice(-3)).map((line) => line.trim()).join(' | ');
}

/** Raised when a machine has ended by itself. */
class MachineEnded extends FiredrillError {
  constructor(why: string) {
    super('environment', `the virtual machine has ended: ${why}`);
  }
}

/**
 * Starts a machine and resolves when its Docker answers. It ends with this process, however that ends. One whose kernel dies while it boots is
 * started again: with several processors QEMU's emulation loses a race now and then, when a kernel changes its own code (an `int3` in code that
 * was patched a moment ago; seen in one of six boots).
 * @throws FiredrillError `environment` when it does not within the time-out, with its console's last lines
 */
export async function bootMachine(
  runner: Runner,
  given: Pick<MachineOptions, 'folder' | 'keep'>,
  bounds: { readonly signal: AbortSignal; readonly timeoutMs: number },
): Promise<Machine> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await bootOnce(runner, given, bounds);
    } catch (error) {
      // What was written to a disk by a boot that was cut off is nothing but its logs.
      if (!(error instanceof MachineEnded) || attempt === 3) throw error;
    }
  }
}

async function bootOnce(...[runner, given, { signal, timeoutMs }]: Parameters<typeof bootMachine>): Promise<Machine> {
  const [port = 0] = await freePorts(1);
  const workDir = await mkdtemp(join(tmpdir(), 'firedrill-vm-'));
  const args = qemuArgs({ ...given, port, workDir, cpus: Math.min(4, Math.max(2, cpus().length)), memoryMiB: 6144 });
  // util-linux' setpriv ends it with this process even where that is killed.
  const child = execa('setpriv', ['--pdeathsig', 'KILL', qemu, ...args], {
    reject: false,
    stdin: 'ignore',
    stdout: 'ignore',
  });
  const console = (): Promise<string> => readFile(join(workDir, 'console'), 'utf8').catch(() => '');
  let gone: string | undefined;
  const ended = child.then(async ({ stderr }) => {
    gone = stderr.trim() === '' ? lastWords(await console()) : stderr.trim();
    await rm(workDir, { recursive: true, force: true });
  });
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
  };
  const check = (): void => {
    if (gone !== undefined) throw new MachineEnded(gone);
  };
  const dockerHost = `tcp://127.0.0.1:${port}`;
  try {
    for (const deadline = performance.now() + timeoutMs; ;) {
      signal.throwIfAborted();
      const answer = await runner.run('docker', ['version', '--format', '{{.Server.Version}}'], {
        env: { DOCKER_HOST: dockerHost },
        timeoutMs: 20_000,
        signal,
      });
      if (answer.ok) break;
      // The port is open as soon as QEMU is: what is said before Docker answers is a broken connection.
      if (/API version|client version/i.test(answer.stderr)) {
        const why = `this docker client cannot speak to the machine's: ${answer.stderr.trim()}`;
        throw new FiredrillError('environment', why);
      }
      check();
      if (performance.now() > deadline) {
        const why = `no Docker in the machine within ${timeoutMs / 1000} s: ${lastWords(await console())}`;
        throw new FiredrillError('environment', why);
      }
      await sleep(1000, undefined, { signal });
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    dockerHost,
    stop,
    check,
    forward: (port) => monitor(join(workDir, 'monitor'), `hostfwd_add n tcp:127.0.0.1:${port}-10.0.2.15:${port}`),
    off: async (withinMs) => {
      const timer = new AbortController();
      const late = sleep(withinMs, 'late', { signal: timer.signal }).catch(() => undefined);
      const which = await Promise.race([ended, late]);
      timer.abort();
      if (which !== 'late') return;
      const last = lastWords(await console());
      await stop();
      throw new FiredrillError(
        'environment',
        `the machine did not switch itself off within ${withinMs / 1000} s: ${last}`,
      );
    },
  };
}

/**
 * One command for QEMU's monitor, which says nothing when all is well. (QMP, "human-monitor-command": a monitor for people draws its line again with
 * each letter.)
 */
async function monitor(path: string, command: string): Promise<void> {
  const socket = createConnection(path);
  let silence = 'it has ended';
  socket.on('error', (error) => {
    silence = error.message;
  });
  socket.setTimeout(60_000, () => socket.destroy(new Error('no answer within a minute')));
  const say = (message: object): void => {
    socket.write(`${JSON.stringify(message)}\n`);
  };
  const asks = [
    { execute: 'qmp_capabilities' },
    { execute: 'human-monitor-command', arguments: { 'command-line': command } },
  ];
  try {
    for await (const line of createInterface({ input: socket })) {
      const { QMP, return: answer, error } = JSON.parse(line) as Readonly<Record<string, unknown>>;
      if (error !== undefined) throw new FiredrillError('environment', `QEMU: ${JSON.stringify(error)}`);
      if (QMP === undefined && answer === undefined) continue;
      if (typeof answer === 'string') {
        if (answer.trim() !== '') throw new FiredrillError('environment', `QEMU: ${answer.trim()}`);
        return;
      }
      const ask = asks.shift();
      if (ask !== undefined) say(ask);
    }
    throw new FiredrillError('environment', `QEMU's monitor: ${silence}`);
  } finally {
    socket.destroy();
  }
}

/** A command on the machine itself, beside its containers. */
export const onMachine = (image: string, command: string): readonly string[] => [
  ...['run', '--rm', '--privileged', '--pid=host', '--network=none', '--entrypoint', 'nsenter', image],
  ...['-t', '1', '-a', 'sh', '-c', command],
];

/**
 * The folder with a disk on which Docker has this node image; made when it is not there, which takes some minutes once. Older ones go.
 * @param step hears what is being done
 */
export async function ensureDisk(
  given: {
    readonly runner: Runner;
    readonly cacheDir: string;
    readonly image: { readonly ref: string; readonly id: string };
  },
  step: (id: 'root' | 'disk' | 'load') => void,
  signal: AbortSignal,
): Promise<string> {
  const { runner, image } = given;
  const all = join(given.cacheDir, 'machines');
  const folder = join(all, diskKey(pathKey(recipe), image.id));
  if (await stat(join(folder, 'disk')).then(Boolean, () => false)) return folder;
  await rm(all, { recursive: true, force: true });
  const partial = `${folder}.partial`;
  await mkdir(partial, { recursive: true });

  step('root');
  // The recipe's path may hold spaces, and what a root of another user runs must be able to read it.
  await cp(recipe, join(partial, 'recipe'), { recursive: true });
  const packages = packageList(await readFile(join(recipe, 'packages'), 'utf8'));
  const mirror = process.env['FIREDRILL_DEBIAN_MIRROR'] ?? '';
  const own = process.getuid?.() === 0 ? ['unshare', '--mount', 'mmdebstrap'] : ['mmdebstrap'];
  const [program = '', ...before] = own;
  await must(
    runner,
    "making the machine's root",
    program,
    [
      ...before,
      ...['--variant=minbase', `--include=${packages.join(',')}`, '--customize-hook=sh recipe/customize "$1"'],
      ...[suite, 'root.tar', ...(mirror === '' ? [] : [mirror])],
    ],
    {
      cwd: partial,
      env: { TMPDIR: partial },
      signal,
      hint: 'apt-get install mmdebstrap; it needs root (or user namespaces) and a Debian mirror; FIREDRILL_DEBIAN_MIRROR names another one',
    },
  );

  step('disk');
  // In a container, for owners and modes are kept by root only. No loop device: mke2fs fills the file system itself.
  const lay = [
    'mkdir /root-of-machine && tar -xf /work/root.tar -C /root-of-machine',
    'mv /root-of-machine/boot/vmlinuz-* /work/kernel && mv /root-of-machine/boot/initrd.img-* /work/initrd',
    `mke2fs -q -t ext4 -E lazy_itable_init=1 -d /root-of-machine /work/disk.new ${diskGiB}G`,
    `chown ${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0} /work/kernel /work/initrd /work/disk.new && rm /work/root.tar`,
  ].join(' && ');
  const mount = `type=bind,source=${partial},target=/work`;
  await must(
    runner,
    "making the machine's disk",
    'docker',
    ['run', '--rm', '--network=none', '--mount', mount, '--entrypoint', 'sh', image.ref, '-euc', lay],
    { signal },
  );
  await rename(join(partial, 'disk.new'), join(partial, 'disk'));

  step('load');
  const machine = await bootMachine(runner, { folder: partial, keep: true }, { signal, timeoutMs: 300_000 });
  try {
    const loaded = await runner.pipe(
      ['docker', 'save', image.ref],
      ['docker', '-H', machine.dockerHost, 'load', '-q'],
      { signal, timeoutMs: 1_800_000 },
    );
    if (!loaded.ok)
      throw new FiredrillError('environment', `the machine's Docker did not take ${image.ref}: ${loaded.stderr}`);
    await runner.run('docker', ['-H', machine.dockerHost, ...onMachine(image.ref, 'systemctl --no-block poweroff')], {
      signal,
      timeoutMs: 60_000,
    });
    await machine.off(180_000);
  } finally {
    await machine.stop();
  }
  await rename(partial, folder);
  return folder;
}
