/** The architectures that images are made for, as Go, Docker and Debian all call them. */
export const architectures = ['amd64', 'arm64'] as const;
export type Architecture = (typeof architectures)[number];

/** This machine's, from what Node.js calls it. Another one than these two is refused before anything is made (`refusals`). */
export const machineArchitecture = (arch: string = process.arch): Architecture =>
  arch === 'arm64' ? 'arm64' : 'amd64';
