import { describe, expect, it } from 'vitest';
import { flagsOf, flagsOfAll, kindOf, kindsOf, providersOf } from './kinds.ts';

describe('a kind of cluster', () => {
  it('is a distribution by a provider that makes its nodes', () => {
    expect(kindOf('kubeadm', 'kind')).toBe('kubeadm');
    expect(kindOf('k3s', 'kind')).toBe('k3s');
    expect(kindOf('k3s', 'k3d')).toBe('k3d');
  });

  it('of several is each that can be made, in the order of the flags', () => {
    const of = (distribution: readonly ('kubeadm' | 'k3s')[], provider: readonly ('kind' | 'k3d')[]) =>
      kindsOf({ distribution, provider });
    expect(of(['k3s', 'kubeadm'], ['kind'])).toEqual(['k3s', 'kubeadm']);
    expect(of(['k3s'], ['k3d', 'kind'])).toEqual(['k3d', 'k3s']);
    expect(of(['kubeadm', 'k3s'], ['kind', 'k3d'])).toEqual(['kubeadm', 'k3s', 'k3d']);
  });

  it('that nobody makes is refused with the flags that work', () => {
    expect(() => kindOf('kubeadm', 'k3d')).toThrow(
      expect.objectContaining({
        message: '--provider k3d makes no nodes for kubeadm',
        hint: '--provider k3d --distribution k3s',
      }) as Error,
    );
    expect(() => kindsOf({ distribution: ['kubeadm', 'k3s'], provider: ['k3d'] })).toThrow(
      '--distribution kubeadm is not made by k3d',
    );
    expect(() => providersOf('minikube')).toThrow('--provider "minikube": must be one of kind, k3d');
    expect(() => providersOf(',')).toThrow('--provider ",": must be one of kind, k3d');
  });

  it('is asked for by its flags', () => {
    expect(flagsOf('k3s')).toBe('--distribution k3s');
    expect(flagsOf('k3d')).toBe('--distribution k3s --provider k3d');
    expect(flagsOfAll(['kubeadm', 'k3s'])).toBe('--distribution kubeadm,k3s');
    expect(flagsOfAll(['k3s', 'k3d'])).toBe('--distribution k3s --provider kind,k3d');
  });
});
