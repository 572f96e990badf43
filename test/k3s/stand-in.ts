/**
 * The stand-in for k3s, shown on a server and an agent in containers: `node --import tsx test/k3s/stand-in.ts`. Builds the node's image first, where it is
 * not there: minutes with warm caches, a quarter of an hour and more without.
 *
 * Each check can fail, and prints what was seen. Docker's network is internal: nothing in it reaches anything outside. `--keep` leaves containers and
 * network for a look.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { untilTold } from '../../bench/support.ts';
import { realRunner } from '../../harness/host/run.ts';
import { recipesDir } from '../../harness/images/keys.ts';
import { pauseImage } from '../../harness/model/instruments.ts';
import { oneLine } from '../../harness/model/errors.ts';
import { lastLine, sayingChecks } from '../vm/checks.ts';
import { k3sNodeImage } from './image.ts';
import { secondsUntil as until } from './wait.ts';

const { values } = parseArgs({ options: { keep: { type: 'boolean' } } });
const prefix = `firedrill-k3s-${process.pid}`;
const server = `${prefix}-server`;
const agent = `${prefix}-agent`;
const nodes = [server, agent];
const data = '/var/lib/rancher/k3s';
const cni = `${data}/agent/etc/cni/net.d/10-flannel.conflist`;
const install = '/usr/local/lib/k3s/install.sh';

const signal = untilTold();
const { checks, check } = sayingChecks();

/** Runs Docker; what it says, or an error with its last words. */
async function docker(...args: string[]): Promise<string> {
  const { ok, stdout, stderr } = await realRunner.run('docker', args, { timeoutMs: 300_000, signal });
  if (!ok) throw new Error(`docker ${args.slice(0, 6).join(' ')}: ${(stderr || stdout).trim().slice(-600)}`);
  return stdout.trim();
}

/** What a script on a node prints. */
const on = (node: string, script: string): Promise<string> => docker('exec', node, 'bash', '-c', script);
/** The same where a failure is an answer, too. */
const tried = (node: string, script: string): Promise<string> =>
  on(node, script).catch((error: unknown) => oneLine(error));
const kubectl = (args: string): Promise<string> => on(server, `k3s kubectl ${args}`);

const secondsUntil = (limitS: number, so: () => Promise<boolean>): Promise<number | undefined> =>
  until(limitS, so, signal);
const took = (seconds: number | undefined): string =>
  seconds === undefined ? 'not in time' : `${seconds.toFixed(1)} s`;

/** `name=Ready` of all nodes. */
const readiness = (): Promise<string> =>
  kubectl(
    `get nodes -o jsonpath='{range .items[*]}{.metadata.name}={.status.conditions[?(@.type=="Ready")].status} {end}'`,
  );
const ready = async (...names: readonly string[]): Promise<boolean> => {
  const seen = await readiness();
  return names.every((name) => seen.includes(`${name}=True`));
};
const podsReady = async (): Promise<boolean> => {
  const phases = await kubectl(
    `get pods -A -o jsonpath='{range .items[*]}{.metadata.name}={.status.conditions[?(@.type=="Ready")].status} {end}'`,
  );
  const all = phases.trim().split(/\s+/);
  return (
    all.some((pod) => pod.startsWith('coredns-')) &&
    all.filter((pod) => pod.startsWith('web-')).length === 2 &&
    all.every((pod) => pod.endsWith('=True'))
  );
};
/** The containers that run on a node, and since when. */
const containers = (node: string): Promise<string> => on(node, 'k3s crictl ps -q | sort | tr "\\n" " "');
const shims = (node: string): Promise<string> =>
  on(node, "pgrep -fc '^/var/lib/rancher/k3s/data/[^/]*/bin/containerd-shim' || true");
const started = (node: string, unit: string): Promise<string> => on(node, `systemctl show -P MainPID ${unit}`);
const tail = (node: string, unit: string): Promise<string> =>
  tried(node, `journalctl -u ${unit} --no-pager | tail -n 5`);

/** Says `open` where the DNS service takes a connection. */
const dnsOpen = "timeout 5 bash -c 'exec 3<>/dev/tcp/10.43.0.10/53' && echo open";

/** A pod of one container on each node, which does nothing. */
const web = `apiVersion: apps/v1
kind: DaemonSet
metadata: { name: web, namespace: default }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { terminationGracePeriodSeconds: 1, containers: [{ name: web, image: '${pauseImage}', imagePullPolicy: Never }] }
`;

/** Starts a node as kind starts one. An internal network has no default route, which a node's entrypoint and k3s look for. */
async function start(node: string, image: string): Promise<void> {
  const gateway = await docker('network', 'inspect', '-f', '{{(index .IPAM.Config 0).Gateway}}', prefix);
  await docker(
    ...['run', '-d', '--name', node, '--hostname', node, '--network', prefix, '--privileged', '--cgroupns', 'private'],
    ...[
      '--security-opt',
      'seccomp=unconfined',
      '--security-opt',
      'apparmor=unconfined',
      '--tmpfs',
      '/tmp',
      '--tmpfs',
      '/run',
    ],
    ...['--volume', '/var', '--volume', '/lib/modules:/lib/modules:ro', '--entrypoint', '/bin/sh', image],
    ...['-c', `ip route replace default via ${gateway} && exec /usr/local/bin/entrypoint /sbin/init`],
  );
  const up = await secondsUntil(60, async () =>
    /running|degraded/.test(await tried(node, 'systemctl is-system-running || true')),
  );
  check(`${node.slice(prefix.length + 1)} boots`, up !== undefined, took(up));
}

async function installed(): Promise<void> {
  const from = performance.now();
  await on(server, `mkdir -p /etc/rancher/k3s && echo 'node-label: [tier=one]' > /etc/rancher/k3s/config.yaml`);
  await on(server, `${install} server --kubelet-arg node-status-update-frequency=4s`);
  const up = await secondsUntil(180, () => ready(server));
  const whole = (performance.now() - from) / 1000;
  const labels = 'tier=one,node-role.kubernetes.io/control-plane=true';
  const labelled = await secondsUntil(
    30,
    async () => (await kubectl(`get nodes -l ${labels} -o name`)) === `node/${server}`,
  );
  const config = await kubectl(`get --raw /api/v1/nodes/${server}/proxy/configz`);
  check(
    'flags of the command line and of config.yaml reach the components',
    labelled !== undefined && config.includes('"nodeStatusUpdateFrequency":"4s"'),
    `${labels} after ${took(labelled)}; ${/"nodeStatusUpdateFrequency":"[^"]*"/.exec(config)?.[0]}`,
  );
  const journal = await on(server, 'journalctl -u k3s --no-pager -o cat');
  check(
    'kine answers what the API server asks of an etcd',
    !/RequestWatchProgress|unary invoker failed/.test(journal),
    /.*(RequestWatchProgress|unary invoker failed).*/.exec(journal)?.[0] ?? 'no complaint in the log',
  );
  check(
    'the server is Ready after its installation',
    up !== undefined,
    `${took(whole)} from the installer's start, ${took(up)} of them after the unit was up`,
  );
  const token = await on(server, `cat ${data}/server/node-token`);
  const refused = await tried(
    agent,
    `K3S_URL=https://${server}:6443 K3S_TOKEN=wrong INSTALL_K3S_SKIP_START=true ${install} && timeout 8 k3s agent --server https://${server}:6443 --token wrong 2>&1 | grep -m1 401`,
  );
  check('a wrong token joins nothing', refused.includes('401'), refused);
  await on(agent, `K3S_URL=https://${server}:6443 K3S_TOKEN='${token}' ${install}`);
  const joined = await secondsUntil(180, () => ready(server, agent));
  check('an agent joins by the token', joined !== undefined, `${took(joined)}; ${await readiness()}`);
}

async function working(): Promise<void> {
  await on(server, `cat > ${data}/server/manifests/web.yaml << 'EOF'\n${web}EOF`);
  const pods = await secondsUntil(180, podsReady);
  check(
    'CoreDNS and a pod on each node run',
    pods !== undefined,
    `${took(pods)}; ${await tried(server, 'k3s kubectl get pods -A -o wide --no-headers')}`,
  );
  const said = await on(server, 'k3s --version');
  const version = await kubectl(`get nodes -o jsonpath='{.items[*].status.nodeInfo.kubeletVersion}'`);
  check(
    'it says what it is',
    said.includes('k3s (stand-in)') && !/v1\.34\.3( |$)/.test(version),
    `${said}; nodes: ${version}`,
  );
  const places = [
    'server/db/state.db',
    'server/token',
    'server/tls/client-admin.crt',
    'server/manifests/coredns.yaml',
    'agent/etc/containerd/config.toml',
    'agent/etc/cni/net.d/10-flannel.conflist',
    'agent/kubelet.kubeconfig',
  ];
  const files = await tried(
    server,
    `ls ${places.map((place) => `${data}/${place}`).join(' ')} /etc/rancher/k3s/k3s.yaml /run/k3s/containerd/containerd.sock`,
  );
  check("files are at k3s' paths", files.split('\n').length === places.length + 2, files);
  const processes = await on(
    server,
    "ps -eo args | grep -E '^(/usr/local/bin/k3s|/var/lib/rancher/k3s/data/current/bin/containerd) '",
  );
  check('one process and containerd are all there is', processes.split('\n').length === 2, processes);
  const dns = await tried(server, dnsOpen);
  const far = await tried(
    server,
    'k3s kubectl get --raw /api/v1/namespaces/kube-system/services/kube-dns:metrics/proxy/metrics | grep -c ^coredns_',
  );
  check(
    'services lead to pods',
    dns === 'open' && Number(far) > 0,
    `${dns}; ${far} metrics of CoreDNS by the API server`,
  );
  const other = `-l app=web --field-selector spec.nodeName=${agent}`;
  const [pod = '', ip = ''] = (
    await kubectl(`get pods ${other} -o jsonpath='{.items[0].metadata.name} {.items[0].status.podIP}'`)
  ).split(' ');
  const ping = await tried(server, `ping -c 2 -W 2 ${ip}`);
  check('a pod on the other node answers through flannel', ping.includes(' 0% packet loss'), ping);
  const logs = await tried(server, 'k3s kubectl logs -n kube-system deploy/coredns | grep ^CoreDNS-');
  // The pause image holds nothing that could be executed: who says so is the runtime on the other node.
  const exec = await tried(server, `k3s kubectl exec ${pod} -- true`);
  check(
    'the API server reaches kubelets, of the other node, too',
    logs.includes('CoreDNS-') && exec.includes('executable file not found'),
    `${logs}; ${exec.slice(-160)}`,
  );
}

async function restarting(): Promise<void> {
  const before = { containers: await containers(server), pid: await started(server, 'k3s') };
  const from = performance.now();
  await on(server, 'systemctl restart k3s');
  const up = await secondsUntil(120, () => ready(server));
  const whole = (performance.now() - from) / 1000;
  const after = { containers: await containers(server), pid: await started(server, 'k3s') };
  check(
    'pods live through a restart of k3s',
    up !== undefined && before.containers === after.containers && before.pid !== after.pid && after.containers !== '',
    `${took(whole)}; containers ${after.containers}, process ${before.pid} then ${after.pid}`,
  );

  await on(server, `kill -9 ${after.pid}`);
  const again = await secondsUntil(120, async () => {
    const pid = await started(server, 'k3s');
    return (
      pid !== after.pid && pid !== '0' && (await on(server, 'systemctl is-active k3s')) === 'active' && ready(server)
    );
  });
  const still = await containers(server);
  const containerds = await on(server, 'pgrep -xc containerd');
  check(
    'pods live through a kill -9 of k3s, after which systemd starts it again, and its containerd with it',
    again !== undefined && still === after.containers && containerds === '1',
    `${took(again)}; containers ${still}, ${containerds} containerd`,
  );

  await on(server, `rm ${cni}`);
  const down = await secondsUntil(120, async () => !(await ready(server)));
  check('a node without a CNI configuration is not Ready', down !== undefined, took(down));
  const cured = await secondsUntil(120, async () => {
    if ((await tried(server, `ls ${cni}`)) !== cni) await on(server, 'systemctl restart k3s');
    return ready(server);
  });
  check('a restart writes the CNI configuration again', cured !== undefined, `Ready after ${took(cured)}`);

  await kubectl(`-n kube-system patch configmap coredns --type merge -p '{"data":{"Corefile":".:53 { loop }"}}'`);
  await on(server, 'systemctl restart k3s');
  const corefile = await secondsUntil(60, async () =>
    (await kubectl('-n kube-system get configmap coredns -o yaml')).includes('NodeHosts {'),
  );
  check(
    "a restart applies the packaged manifests again: CoreDNS' configuration is k3s' own",
    corefile !== undefined,
    took(corefile),
  );
}

async function certificates(): Promise<void> {
  const tls = `${data}/server/tls`;
  const reissue = (name: string, days: number): string =>
    `openssl req -new -key ${tls}/${name}.key -subj "$(openssl x509 -in ${tls}/${name}.crt -noout -subject -nameopt compat | sed 's/^subject=//; s/^\\([^/]\\)/\\/\\1/')" -out /tmp/${name}.csr && ` +
    `openssl x509 -req -in /tmp/${name}.csr -CA ${tls}/client-ca.crt -CAkey ${tls}/client-ca.key -CAcreateserial -days ${days} -out ${tls}/${name}.crt`;
  const left = async (name: string): Promise<number> =>
    (Date.parse((await on(server, `openssl x509 -in ${tls}/${name}.crt -noout -enddate`)).replace('notAfter=', '')) -
      Date.now()) /
    86_400_000;
  const names = ['client-admin', 'client-scheduler'] as const;
  await on(server, `${reissue(names[0], 119)} && ${reissue(names[1], 125)}`);
  const listed = await on(server, 'k3s certificate check');
  const keys = await on(server, `sha256sum < ${tls}/client-admin.key`);
  await on(server, 'systemctl restart k3s');
  const days = await Promise.all(names.map(left));
  const kept = await on(server, `sha256sum < ${tls}/client-admin.key`);
  check(
    'a start renews what has 119 days left, with its key, and not what has 125',
    Math.round(days[0] ?? 0) === 365 &&
      Math.round(days[1] ?? 0) === 125 &&
      keys === kept &&
      /client-admin.crt .*WARNING/.test(listed),
    `now ${days.map(Math.round).join(' and ')} days; check said: ${/client-admin.*/.exec(listed)?.[0]}`,
  );

  await on(server, 'systemctl stop k3s');
  const rotated = await on(server, 'k3s certificate rotate');
  await on(server, 'systemctl start k3s');
  const up = await secondsUntil(120, () => ready(...nodes));
  const backup = await on(server, `ls -d ${data}/server/tls-*`);
  const other = await on(server, `sha256sum < ${tls}/client-admin.key`);
  check(
    '`k3s certificate rotate` makes new keys and keeps the old ones',
    up !== undefined && other !== kept && backup.includes('tls-'),
    `${took(up)}; ${rotated}; ${await readiness()}`,
  );
  const snapshot = await tried(server, 'k3s etcd-snapshot save');
  check('`k3s etcd-snapshot` says that there is no etcd', snapshot.includes('SQLite'), snapshot);
}

async function killing(): Promise<void> {
  const before = await containers(server);
  await tried(server, 'k3s-killall.sh');
  const left = {
    shims: await shims(server),
    links: await on(server, 'ip -o link | grep -cE "cni0|flannel" || true'),
    rules: await on(server, 'iptables-save | grep -cE "KUBE-|CNI-|flannel" || true'),
    mounts: await on(server, 'grep -cE " (/run/k3s|/var/lib/kubelet/pods|/run/netns/cni-)" /proc/mounts || true'),
    unit: await tried(server, 'systemctl is-active k3s || true'),
    datastore: await tried(server, `ls ${data}/server/db/state.db`),
  };
  check(
    'k3s-killall.sh leaves no container, link, rule or mount, and the data',
    [left.shims, left.links, left.rules, left.mounts].every((n) => n === '0') &&
      left.unit === 'inactive' &&
      left.datastore.endsWith('state.db'),
    JSON.stringify(left),
  );
  const from = performance.now();
  await on(server, 'systemctl start k3s');
  const up = await secondsUntil(240, async () => {
    const now = (await containers(server)).trim().split(' ');
    return now.length === 2 && !now.some((id) => before.includes(id)) && (await ready(...nodes)) && podsReady();
  });
  const dns = await secondsUntil(60, async () => (await on(server, dnsOpen)) === 'open');
  const whole = (performance.now() - from) / 1000;
  check(
    'after it, `systemctl start k3s` brings everything back',
    up !== undefined && dns !== undefined,
    `${took(whole)}; DNS ${took(dns)}; ${await tried(server, 'k3s kubectl get pods -A --no-headers')}`,
  );
}

async function uninstalling(): Promise<void> {
  await tried(agent, 'k3s-agent-uninstall.sh');
  await tried(server, 'k3s-uninstall.sh');
  const gone = async (node: string): Promise<string> =>
    on(
      node,
      `ls -d ${data} /etc/rancher/k3s /var/lib/kubelet /usr/local/bin/k3s* /usr/local/bin/kubectl /etc/systemd/system/k3s* 2> /dev/null || true`,
    );
  const left = [await gone(server), await gone(agent), await shims(server), await shims(agent)];
  check('the uninstall scripts leave nothing', left.join() === ',,0,0', left.join());
  await on(server, `${install} server`);
  const up = await secondsUntil(
    240,
    async () =>
      (await ready(server)) &&
      (await kubectl('-n kube-system get deploy coredns -o jsonpath={.status.readyReplicas}')) === '1',
  );
  check(
    'it can be installed again, with the images of its archive',
    up !== undefined,
    `${took(up)}; ${await tried(server, 'k3s kubectl get pods -A --no-headers')}`,
  );
}

let stopped = true;
try {
  const image = await k3sNodeImage(signal);
  process.stderr.write(`${image}\n`);
  const tests = await realRunner.run('go', ['test', './pki', './flannel'], {
    cwd: join(recipesDir, 'k3s'),
    env: { GOWORK: 'off' },
    signal,
  });
  check("the program's own tests pass", tests.ok, tests.stdout + tests.stderr);
  await docker('network', 'create', '--internal', prefix);
  for (const node of nodes) await start(node, image);
  for (const part of [installed, working, restarting, certificates, killing, uninstalling]) {
    try {
      await part();
    } catch (error) {
      signal.throwIfAborted();
      check(`${part.name}: to its end`, false, `${oneLine(error)}; ${await tail(server, 'k3s')}`);
    }
  }
  stopped = false;
} catch (error) {
  process.stderr.write(`${oneLine(error)}\n`);
} finally {
  if (values.keep !== true) {
    for (const node of nodes) await realRunner.run('docker', ['rm', '-f', '-v', node]);
    await realRunner.run('docker', ['network', 'rm', prefix]);
  }
}
process.stdout.write(`${lastLine(checks, stopped)}\n`);
process.exitCode = stopped || checks.some(({ ok }) => !ok) ? 1 : 0;
