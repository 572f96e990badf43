/*
 * Whether a command that somebody typed only looks. What is not known to look counts as changing: the first change is where mitigation begins, and a
 * change that were taken for a look would make an alert after it look as if it had come by itself.
 */

const kubectlLooks = new Set([
  ...['get', 'describe', 'logs', 'top', 'explain', 'api-resources', 'api-versions', 'cluster-info', 'version'],
  ...['events', 'diff', 'wait', 'config', 'auth', 'options', 'help', 'completion', 'port-forward', 'proxy', 'plugin'],
]);

/** kubectl's flags that take their value as the next word, and stand before the verb. */
const valued = new Set(['-n', '--namespace', '--context', '--kubeconfig', '--request-timeout', '-s', '--server', '-v']);

const shellLooks = new Set([
  ...['ls', 'cat', 'head', 'tail', 'grep', 'egrep', 'zgrep', 'find', 'stat', 'wc', 'sort', 'uniq', 'cut', 'tr', 'awk'],
  ...['echo', 'printf', 'test', '[', 'true', 'false', 'sleep', 'date', 'uptime', 'hostname', 'uname', 'whoami', 'id'],
  ...['ps', 'pgrep', 'pidof', 'top', 'free', 'df', 'du', 'lsof', 'lsblk', 'ss', 'netstat', 'dmesg', 'env', 'pwd', 'cd'],
  ...['which', 'command', 'type', 'file', 'readlink', 'realpath', 'md5sum', 'sha256sum', 'diff', 'cmp', 'less', 'more'],
  ...['ping', 'nslookup', 'dig', 'host', 'getent', 'nc', 'curl', 'wget', 'journalctl', 'mount', 'findmnt', 'lsmod'],
  ...[
    'iptables-save',
    'ip6tables-save',
    'jq',
    'yq',
    'xxd',
    'od',
    'strings',
    'tree',
    'history',
    'set',
    'export',
    'exit',
  ],
]);

/** Programs that look with some of their words, and the words with which they do; anything else changes. */
const looksWith: Readonly<Record<string, RegExp>> = {
  ip: /^(-\S+ )*(a|addr|address|link|route|r|rule|neigh|n)( (show|list|ls|get)\b.*)?$/,
  bridge: /^(-\S+ )*\w+( show\b.*)?$/,
  systemctl: /^(-\S+ )*(status|is-active|is-enabled|is-failed|list-units|list-timers|list-unit-files|cat|show)\b/,
  crictl: /^(-\S+ )*(ps|pods|images|img|logs|inspect|inspectp|inspecti|info|stats|statsp|version)\b/,
  ctr: /^(-\S+ \S+ )*(-\S+ )*(images?|i|containers?|c|tasks?|t) (ls|list|info)\b|^version\b/,
  iptables: /(^|\s)(-L|-S|--list|--list-rules|-nL|-nvL|-vnL|-C)\b/,
  nft: /^(-\S+ )*list\b/,
  conntrack: /^-(L|S|C)\b/,
  sysctl: /^(?!.*(-w|=)).*$/,
  openssl: /^(x509|verify|s_client|version|crl)\b/,
  kubeadm: /^(certs check-expiration|version|config (view|print|images list))\b/,
  k3s: /^(--version|certificate check|kubectl (get|describe|logs|top)|etcd-snapshot (ls|list))\b/,
  etcdctl: /\b(endpoint|member list|alarm list|get)\b/,
  sed: /^(?!.*(-i|--in-place))/,
  tar: /^-?t/,
  chronyc: /^(tracking|sources)\b/,
  sqlite3: /^(-readonly|-ro)\b/,
};

/** Words that stand before a program and leave what it does as it is. */
const before = new Set(['sudo', 'time', 'nohup', 'exec', 'then', 'do', 'else', 'if', 'while', 'until', '!', '{', '(']);
const alone = new Set(['fi', 'done', 'esac', '}', ')', 'then', 'do', 'else', '']);

/** Whether a shell's text only looks. */
export function shellOnlyLooks(command: string): boolean {
  // What a quoted text or a substitution does is not read: where one runs something, it counts as a change.
  if (/`|<<|\beval\b|\bxargs\b|-exec\b|-delete\b/.test(command)) return false;
  const substitutions = [...command.matchAll(/\$\(([^()]*)\)/g)].map(([, inner = '']) => inner);
  const flat = command.replace(/\$\([^()]*\)/g, 'x');
  if (flat.includes('$(')) return false;
  const bare = flat.replace(/'[^']*'|"(?:[^"\\]|\\.)*"/g, (text) => text.slice(1, -1).replace(/[;&|<>\n]/g, '_'));
  const quiet = bare.replace(/\d?>+\s*(\/dev\/null|&\d)|&>\s*\/dev\/null/g, '');
  if (quiet.includes('>')) return false;
  return [...substitutions.map(shellOnlyLooks), ...quiet.split(/[;\n]|&&|\|\|?|&/).map(simpleOnlyLooks)].every(Boolean);
}

function simpleOnlyLooks(text: string): boolean {
  const words = text.trim().split(/\s+/);
  while (words.length > 0 && (before.has(words[0] ?? '') || /^\w+=\S*$/.test(words[0] ?? ''))) words.shift();
  while (words[0] === 'timeout') words.splice(0, 2);
  const [program = '', ...rest] = words;
  const name = program.split('/').at(-1) ?? '';
  if (alone.has(name) || program === 'for' || program.startsWith('#')) return true;
  if (name === 'kubectl') return kubectlOnlyLooks(rest);
  // Requests that a service would take for an order.
  if (name === 'curl' || name === 'wget')
    return !/\s(-X|-d|--data\S*|--request|-T|--post\S*|-o|-O)\b/.test(` ${rest.join(' ')}`);
  if (name === 'mount') return rest.length === 0 || rest[0] === '-l';
  return shellLooks.has(name) || (looksWith[name]?.test(rest.join(' ')) ?? false);
}

/** Whether kubectl only looks with these words. */
export function kubectlOnlyLooks(argv: readonly string[]): boolean {
  let at = 0;
  while (at < argv.length && (argv[at] ?? '').startsWith('-')) at += valued.has(argv[at] ?? '') ? 2 : 1;
  const [verb = 'help', ...rest] = argv.slice(at);
  if (rest.some((word) => /^--dry-run(=(client|server))?$/.test(word))) return true;
  if (verb === 'rollout') return ['status', 'history'].includes(rest.find((word) => !word.startsWith('-')) ?? '');
  if (verb === 'config') return ['view', 'get-contexts', 'current-context'].includes(rest[0] ?? 'view');
  if (verb === 'exec') {
    const inner = rest.slice(rest.indexOf('--') + 1);
    if (!rest.includes('--')) return false;
    return inner[0] === 'sh' || inner[0] === 'bash'
      ? inner[1] === '-c' && shellOnlyLooks(inner.slice(2).join(' '))
      : simpleOnlyLooks(inner.join(' '));
  }
  return kubectlLooks.has(verb);
}
