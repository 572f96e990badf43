import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { isMap, isScalar, parseAllDocuments } from 'yaml';
import { kubeadm } from '../../harness/distributions/kubeadm.ts';
import { datapathAgent } from './datapath.ts';
import { policyWebhook } from './policy-webhook.ts';
import { smallNode } from './small-node.ts';

/** YAML and programs inside commands are text that no type checks: here they are taken apart without a cluster. */

const commands = [...datapathAgent(kubeadm), ...policyWebhook(kubeadm), ...smallNode(kubeadm)].flatMap((step) =>
  'command' in step ? [step.command] : [],
);
const yamls = commands.flatMap((command) => /<<'YAML'.*\n([\s\S]*)^YAML$/m.exec(command)?.[1] ?? []);
const documents = yamls.flatMap((text) => [...parseAllDocuments(text)]);

describe('what is piped into kubectl', () => {
  it('is YAML', () => {
    expect(documents.flatMap((document) => document.errors)).toEqual([]);
    expect(documents.map((document) => document.get('kind'))).toEqual([
      'ConfigMap',
      undefined, // the patch
      'ConfigMap',
      'Service',
      'Deployment',
      'ValidatingWebhookConfiguration',
      'Namespace',
      'ConfigMap',
      'Deployment',
    ]);
  });

  it('carries shell that a plain sh takes', () => {
    const scripts = documents.flatMap((document) => {
      const data = document.get('data');
      return isMap(data) ? data.items : [];
    });
    expect(scripts.map(({ key }) => String(key))).toEqual(['start.sh', 'load.pl', 'answer.pl', 'serve.sh']);
    const [start] = scripts;
    const text = isScalar(start?.value) ? String(start.value.value) : '';
    expect(spawnSync('sh', ['-n'], { input: text, encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
    expect(text).toContain('chroot /node perl');
  });
});

describe('the commands', () => {
  it.each(commands.map((command) => [command.split('\n')[0] ?? '', command]))('%s', (_, command) => {
    expect(spawnSync('sh', ['-n'], { input: command, encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
  });
});
