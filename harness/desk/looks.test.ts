import { describe, expect, it } from 'vitest';
import { kubectlOnlyLooks, shellOnlyLooks } from './looks.ts';

describe('what only looks', () => {
  it.each([
    'cat /etc/resolv.conf',
    'ls -l /etc/cni/net.d 2>/dev/null || echo none',
    'journalctl -u kubelet --since -5m | tail -20',
    'systemctl status kubelet; systemctl is-active containerd',
    'ip -4 addr show cni0',
    'for f in a b; do cat "$f"; done',
    'echo "a > b; rm c"',
    'n=$(ls /opt/cni/bin | wc -l); echo $n',
    'iptables -t nat -L -n',
    'crictl ps -a && crictl logs abc',
    'kubectl get pods -A | grep -v Running',
    'sudo timeout 5 dmesg',
  ])('%s', (command) => {
    expect(shellOnlyLooks(command)).toBe(true);
  });

  it.each([
    'systemctl restart kubelet',
    'echo x > /etc/resolv.conf',
    'cat a | tee b',
    'ip link delete cni0',
    'sed -i s/a/b/ f',
    'find / -name x -delete',
    'ls | xargs rm',
    'echo $(rm x)',
    'cat a; reboot',
    'iptables -F',
    'unheard-of',
    'curl -X POST http://x',
    'kubectl delete pod x',
  ])('not: %s', (command) => {
    expect(shellOnlyLooks(command)).toBe(false);
  });

  it('knows the verbs of kubectl', () => {
    const words = (text: string) => kubectlOnlyLooks(text.split(' '));
    expect(['get pods', '-n a logs x', 'rollout status deploy/x', 'apply -f x --dry-run=server'].map(words)).toEqual(
      Array.from({ length: 4 }, () => true),
    );
    expect(words('exec x -- cat /etc/hosts')).toBe(true);
    expect(
      ['apply -f x', '-n a delete pod x', 'rollout restart deploy/x', 'exec x -- kill 1', 'exec -it x'].map(words),
    ).toEqual(Array.from({ length: 5 }, () => false));
  });
});
