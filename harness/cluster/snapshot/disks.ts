import { randomBytes } from 'node:crypto';
import { FiredrillError } from '../../model/errors.ts';
import { labels, linesOf, type Docker } from '../docker.ts';
import { SnapshotUnusable, type Snapshot } from './snapshot.ts';

/**
 * The one Docker volume in which snapshots keep the /var of their nodes:
 *
 *     base/<image>/        what a node image brings along and nobody writes to, its image layers above all: once for all
 *                          nodes and snapshots of that image
 *     golden/<cluster>/    an archive of what else is in each node's /var
 *     live/<cluster>/      the /var of nodes that run now: what is in the archive, and links to the base, which every node has as a
 *                          mount that it cannot write to (`basePath`)
 *
 * (Copying the base, if only by hard links, made a thousand folders for each node and took them away again.) Handled by a short-lived container of the node image without a
 * network, so that nobody has to be root on the machine or know where Docker keeps its things.
 */
export const snapshotVolume = 'firedrill-snapshots';

/** Where a restored node has the base, read-only. Links in its /var lead there. */
export const basePath = '/kind/base';

/** A SHA-256 and a size in bytes. */
export interface Sum {
  readonly sha256: string;
  readonly bytes: number;
}

/** Folders on Docker's host that a restored node is started with. */
export interface NodeDisk {
  /** Becomes its /var. */
  readonly varDir: string;
  /** To be mounted at `basePath`, read-only. */
  readonly baseDir: string;
}

/** What can be done with that volume. */
export interface SnapshotDisks {
  /**
   * Archives the /var of stopped nodes, given by their Docker volumes.
   * @throws FiredrillError `environment` when there is too little room
   */
  save(
    of: {
      readonly cluster: string;
      readonly baseId: string;
      readonly volumes: readonly string[];
      readonly runId: string;
    },
    signal: AbortSignal,
  ): Promise<{ readonly base: Sum; readonly nodes: readonly Sum[] }>;
  /**
   * Lays out the /var of every node, the control plane's first, and calls `onDisk` as soon as a node's is there and its archive was
   * found sound: the node may start while the others are still being unpacked. Resolves when all are.
   * @throws SnapshotUnusable when a sum does not agree; nodes that were started must not be used then
   */
  unpack(
    snapshot: Snapshot,
    runId: string,
    onDisk: (index: number, disk: NodeDisk) => void,
    signal: AbortSignal,
  ): Promise<void>;
  /** Takes away the disks of a cluster's nodes (`live`) or its snapshot (`golden`). Nothing happens when there are none. */
  remove(folder: 'live' | 'golden', cluster: string, signal?: AbortSignal): Promise<void>;
  /** Takes away the image layers that no snapshot is made with any more. */
  removeBasesBut(kept: readonly string[], signal?: AbortSignal): Promise<void>;
  /** Clusters whose nodes' disks are in the volume. */
  live(signal?: AbortSignal): Promise<readonly string[]>;
}

/** Where containerd's overlay snapshotter keeps layers, under /var. */
const layers = 'lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots';

const preamble = `set -eu
layers=${layers}
# OpenSSL's, which uses the processor's own instructions: a fifth of what coreutils' sha256sum takes.
sum() { openssl dgst -sha256 -r | cut -d' ' -f1; }
# What a node's image brought along and nobody writes to, as paths under a /var: its layers (none of a container that ran in the node),
# and the package database, whose many small files would take longer to unpack than all the rest.
parts() { (cd "$1" && ls -d $layers/* lib/dpkg lib/apt 2>/dev/null || true); }
# Names, kinds, sizes and times of everything under a folder, as one number: reading all of it would take longer than to start a node.
listing() { (cd "$1" && find . -printf '%P %y %m %U:%G %s %T@ %l\\n' | LC_ALL=C sort | sum); }
`;

/** The scripts that the helper runs. Cluster names are lower-case letters, digits and dashes: nothing to quote. */
export const diskScripts = {
  /** Nodes' volumes are mounted at /from/<index>. Prints the base's sum and bytes, then each archive's sum and bytes. */
  save: (cluster: string, baseId: string, count: number, leastFreeKiB: number): string => `${preamble}
free=$(df --output=avail -k /store | tail -n 1)
[ "$free" -gt ${leastFreeKiB} ] || { echo "only $((free / 1024)) MiB free where Docker keeps its volumes" >&2; exit 1; }
base=/store/base/${baseId}
if [ ! -f "$base.sha256" ] || [ "$(listing "$base")" != "$(cat "$base.sha256")" ]; then
  rm -rf "$base" "$base.partial"
  mkdir -p "$base.partial"
  # Of this container's /var, which no node has run with.
  for part in $(parts /var); do
    mkdir -p "$base.partial/\${part%/*}"
    cp -a "/from/0/$part" "$base.partial/$part"
  done
  mv "$base.partial" "$base"
  listing "$base" > "$base.sha256.partial"
  mv "$base.sha256.partial" "$base.sha256"
fi
echo "$(cat "$base.sha256") $(du -sb "$base" | cut -f1)"
golden=/store/golden/${cluster}
rm -rf "$golden"
mkdir -p "$golden"
parts "$base" | sed 's|^|./|' > /tmp/parts
for node in $(seq 0 ${count - 1}); do
  tar --create --sparse --xattrs --xattrs-include='*' --numeric-owner --anchored --exclude-from=/tmp/parts \\
    -C "/from/$node" -f "$golden/$node.tar" .
  echo "$(sum < "$golden/$node.tar") $(stat -c %s "$golden/$node.tar")"
done
sync -f /store
`,
  unpack: (snapshot: Snapshot, nonce: string): string => `${preamble}
top=/store/live/${snapshot.cluster}
live=$top/${nonce}
golden=/store/golden/${snapshot.cluster}
base=/store/base/${snapshot.base.id}
rm -rf "$top"
mkdir -p "$top"
# Lets ext4 put what is made in it where the disk is empty, by its name: beside files that were deleted a moment ago (the last cluster's)
# it looks at each of them before it takes a free inode, which cost a restore up to 4 CPU-seconds. Other file systems do not know this.
chattr +T "$top" 2>/dev/null || true
mkdir "$live"
# Checked while it is unpacked: a second pass over the archives would cost as much again.
{ [ "$(listing "$base")" = ${snapshot.base.sha256} ] || echo "damaged: the image layers are not as they were"; } &
listing=$!
parts=$(parts "$base")
lay_out() {
  [ "$(sum < "$golden/$1.tar")" = "$2" ] || echo "damaged: the archive of node $1 is not as it was" &
  summing=$!
  mkdir "$live/$1"
  tar --extract --xattrs --xattrs-include='*' --numeric-owner --same-permissions -C "$live/$1" \
    -f "$golden/$1.tar" || echo "damaged: the archive of node $1 cannot be unpacked"
  for part in $parts; do
    mkdir -p "$live/$1/\${part%/*}"
    ln -s "${basePath}/$part" "$live/$1/$part"
  done
  wait "$summing"
  echo "there: $1"
}
# One after another: the first is the control plane's, for which everybody else waits, and which boots beside the rest.
node=0
for wanted in ${snapshot.nodes.map((node) => node.sha256).join(' ')}; do
  lay_out "$node" "$wanted"
  node=$((node + 1))
done
wait "$listing"
`,
  /** Takes away the disks of one cluster: those of its nodes (`live`) or its snapshot (`golden`). */
  remove: (folder: 'live' | 'golden', cluster: string): string => `rm -rf /store/${folder}/${cluster}`,
  /** Takes away bases that no snapshot names. */
  removeBases: (kept: readonly string[]): string => `set -eu
for base in /store/base/*; do
  name=\${base##*/}
  name=\${name%%.*}
  case " ${kept.join(' ')} " in *" $name "*) ;; *) rm -rf "$base" ;; esac
done
`,
  live: 'ls /store/live 2>/dev/null || true',
} as const;

/** How much must be free before a snapshot is taken: a base, three archives and a running copy of them, with room to breathe. */
const leastFreeKiB = 4 * 1024 * 1024;

/** Runs the scripts. `image` is any node image of firedrill's. */
export function snapshotDisks(docker: Docker, image: string): SnapshotDisks {
  const helper = async (
    script: string,
    options: {
      readonly runId?: string;
      readonly mounts?: readonly string[];
      readonly onLine?: (line: string) => void;
      readonly signal?: AbortSignal;
    } = {},
  ): Promise<string> =>
    await docker(
      [
        ...['run', '--rm', '-i', '--privileged', '--network=none', '-v', `${snapshotVolume}:/store`],
        ...(options.mounts ?? []).flatMap((mount) => ['-v', mount]),
        ...(options.runId === undefined ? [] : ['--label', `${labels.run}=${options.runId}`]),
        ...['--entrypoint', 'sh', image, '-s'],
      ],
      {
        input: script,
        timeoutMs: 300_000,
        ...(options.onLine ? { onLine: options.onLine } : {}),
        ...(options.signal ? { signal: options.signal } : {}),
      },
    );
  const there = async (signal?: AbortSignal): Promise<boolean> => {
    const found = await docker(
      ['volume', 'ls', '-q', '--filter', `name=^${snapshotVolume}$`],
      signal ? { signal } : {},
    );
    return found !== '';
  };
  return {
    async save(of, signal) {
      const out = await helper(diskScripts.save(of.cluster, of.baseId, of.volumes.length, leastFreeKiB), {
        runId: of.runId,
        mounts: of.volumes.map((volume, index) => `${volume}:/from/${index}:ro`),
        signal,
      });
      const [base, ...nodes] = linesOf(out).map((line): Sum => {
        const [sha256 = '', bytes = ''] = line.split(' ');
        return { sha256, bytes: Number(bytes) };
      });
      if (base === undefined || nodes.length !== of.volumes.length || nodes.some((node) => !(node.bytes > 0))) {
        throw new FiredrillError('internal', `the helper of a snapshot said ${JSON.stringify(out)}`);
      }
      return { base, nodes };
    },
    async unpack(snapshot, runId, onDisk, signal) {
      const point = await docker(['volume', 'inspect', '-f', '{{.Mountpoint}}', snapshotVolume], { signal });
      const nonce = randomBytes(4).toString('hex');
      let damaged = false;
      const onLine = (line: string): void => {
        damaged ||= line.startsWith('damaged');
        const index = /^there: (\d+)$/.exec(line)?.[1];
        if (index === undefined || damaged) return;
        onDisk(Number(index), {
          varDir: `${point}/live/${snapshot.cluster}/${nonce}/${index}`,
          baseDir: `${point}/base/${snapshot.base.id}`,
        });
      };
      const said = linesOf(await helper(diskScripts.unpack(snapshot, nonce), { runId, onLine, signal }));
      const wrong = said.filter((line) => !line.startsWith('there: '));
      if (wrong.length > 0) throw new SnapshotUnusable(wrong.join('; '));
    },
    async remove(folder, cluster, signal) {
      if (await there(signal)) await helper(diskScripts.remove(folder, cluster), signal ? { signal } : {});
    },
    async removeBasesBut(kept, signal) {
      if (await there(signal)) await helper(diskScripts.removeBases(kept), signal ? { signal } : {});
    },
    async live(signal) {
      return (await there(signal)) ? linesOf(await helper(diskScripts.live, signal ? { signal } : {})) : [];
    },
  };
}
