import { createHash } from 'node:crypto';
import type { Cluster, NodeInfo } from '../model/cluster.ts';
import { FiredrillError, oneLine } from '../model/errors.ts';
import { canaryNamespace } from '../model/instruments.ts';
import { millis } from '../model/units.ts';
import { linesOf } from './docker.ts';
import { shellScript } from './shell.ts';

/**
 * What a drill may leave behind, looked up before it and after its undo: every thing by a name for people, with its value or
 * a digest of it. Two that are equal mean that nothing of the drill is left.
 */
export type Fingerprint = ReadonlyMap<string, string>;

/**
 * Objects by their identity and what is wanted of them. Not what changes by itself: status, events, leases, endpoints and
 * annotations (controllers write there; a `kubectl rollout restart` stands in the pod template, a cordon in the node's spec).
 */
const kinds =
  'ns,no,po,deploy,ds,sts,rs,job,cronjob,svc,cm,secret,sa,pv,pvc,ing,netpol,pdb,hpa,quota,limits,priorityclass,storageclass';

/** The few fields of an object that are looked at; the rest goes into the digest as it is. */
interface ObjectJson {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly labels?: unknown;
    readonly deletionTimestamp?: string;
  };
  readonly status?: { readonly containerStatuses?: readonly { readonly restartCount: number }[] };
}

/** Lines of `kubectl get -o json`, as the fingerprint has them. Pure. */
export function objectLines(items: readonly ObjectJson[]): [string, string][] {
  return items
    .filter(({ metadata }) => metadata.namespace !== canaryNamespace)
    .map((item) => {
      const { kind, metadata, status, ...wanted } = item;
      const { name, namespace, uid, labels, deletionTimestamp } = metadata;
      const digest = createHash('sha256')
        .update(JSON.stringify([labels, wanted]))
        .digest('hex')
        .slice(0, 16);
      const restarts = (status?.containerStatuses ?? []).reduce((sum, container) => sum + container.restartCount, 0);
      const value = [uid, digest, ...(kind === 'Pod' ? [`${restarts} restarts`] : []), deletionTimestamp ?? []].flat();
      return [`${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`, value.join(' ')];
    });
}

/**
 * Takes the fingerprint of a cluster that is at rest: no probes, no load.
 * @param state a script for the workstation that prints `<what>\t<value>` of the workload's data; none: data is not looked at
 * @throws FiredrillError `environment` when a node or the API does not answer
 */
export async function takeFingerprint(
  cluster: Pick<Cluster, 'nodes' | 'exec' | 'workstation'>,
  state: string | undefined,
  signal: AbortSignal,
): Promise<Fingerprint> {
  const options = { timeoutMs: millis(20_000), signal };
  const must = (
    what: string,
    result: { readonly exitCode: number; readonly stdout: string; readonly stderr: string },
  ) => {
    signal.throwIfAborted();
    if (result.exitCode !== 0) {
      throw new FiredrillError('environment', `no fingerprint of ${what}: ${oneLine(result.stderr)}`);
    }
    return result.stdout;
  };
  const nodeScript = shellScript('fingerprint.sh');
  const ofNode = async (node: NodeInfo): Promise<[string, string][]> =>
    linesOf(must(node.name, await cluster.exec(node.name, nodeScript, options))).map((line) => {
      const [what = '', value = ''] = line.split('\t');
      return [`${node.name}: ${what}`, value];
    });
  const ofApi = async (): Promise<[string, string][]> => {
    const text = must('the API', await cluster.workstation(`kubectl get ${kinds} -A -o json`, options));
    return objectLines((JSON.parse(text) as { readonly items: readonly ObjectJson[] }).items);
  };
  const ofData = async (): Promise<[string, string][]> =>
    state === undefined
      ? []
      : linesOf(must('the data', await cluster.workstation(`sh "${state}"`, options))).map((line) => {
          const [what = '', value = ''] = line.split('\t');
          return [`data: ${what}`, value];
        });
  const parts = await Promise.all([...cluster.nodes.map(ofNode), ofApi(), ofData()]);
  return new Map(parts.flat());
}

/** What differs, in words; empty when nothing does. Pure. */
export function differences(before: Fingerprint, after: Fingerprint): readonly string[] {
  const found: string[] = [];
  for (const [what, value] of after) {
    const was = before.get(what);
    if (was === undefined) found.push(`${what} is new (${value})`);
    else if (was !== value) found.push(`${what} was ${was}, is ${value}`);
  }
  for (const [what] of before) if (!after.has(what)) found.push(`${what} is gone`);
  return found;
}
