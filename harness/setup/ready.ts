import { ensureImages } from '../images/ensure.ts';
import type { ImageSet } from '../images/image-set.ts';
import { builtMinor, nodeImages, type ImageId, type ImageMode, type KubernetesMinor } from '../images/refs.ts';
import type { DistributionName } from '../model/distribution.ts';
import type { OnProgress } from '../model/progress.ts';
import { ensureDocker } from './docker.ts';
import { realK3s } from './k3s.ts';
import { ensureKind, ensureKubectl } from './kind.ts';
import type { Need } from './need.ts';

/** All that a run needs of this machine. */
export interface Ready {
  readonly images: ImageSet;
  /** Paths of the binaries. */
  readonly kindBinary: string;
  readonly kubectlBinary: string;
}

/**
 * Makes the machine ready: Docker, images, kind, kubectl; whatever is missing is fetched or built, saying so.
 * @throws FiredrillError `environment`
 */
export async function makeReady(
  asked: {
    readonly images: ImageMode;
    readonly kubernetes?: KubernetesMinor;
    readonly distribution?: DistributionName;
    /** What is going to run; absent: it is only made ready. */
    readonly need?: Need;
    readonly openFence?: boolean;
    /** Images beside the node's and k6, by ids. */
    readonly optional?: readonly ImageId[];
  },
  progress: OnProgress,
  signal: AbortSignal,
): Promise<Ready> {
  const {
    images: mode,
    kubernetes = builtMinor,
    distribution = 'kubeadm',
    need,
    openFence = false,
    optional = [],
  } = asked;
  await ensureDocker({ openFence, ...(need === undefined ? {} : { need }) }, progress, signal);
  const k3s = distribution === 'kubeadm' ? undefined : await realK3s(mode, progress, signal);
  const what = { distribution, ...(k3s === undefined ? {} : { k3s }) };
  const images = await ensureImages({ mode, kubernetes, ...what, optional }, progress, signal);
  const kindBinary = await ensureKind({}, progress, signal);
  const { version } = nodeImages[kubernetes];
  const kubectlBinary = await ensureKubectl(images.node, { kubernetes: version, ...what }, progress, signal);
  return { images, kindBinary, kubectlBinary };
}
