/** Version of the pause image: it is preloaded into every node, so that a pod of it starts without a pull. */
export const pauseVersion = '3.10.1';

/** The smallest image there is, for pods that only have to be there. */
export const pauseImage = `registry.k8s.io/pause:${pauseVersion}`;

/** Where the pod-start probe makes and deletes its pods. */
export const canaryNamespace = 'canary';

const namespaces: ReadonlySet<string> = new Set([canaryNamespace, 'firedrill']);

/** Whether a namespace holds firedrill's own instruments: no part of what is measured, and no alert's business. */
export const isInstrument = (namespace: string): boolean => namespaces.has(namespace);
