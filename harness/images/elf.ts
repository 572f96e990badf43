import { open } from 'node:fs/promises';
import type { Architecture } from '../host/architecture.ts';

/** `e_machine` of the ELF header. */
const machines: Readonly<Record<number, Architecture>> = { 62: 'amd64', 183: 'arm64' };

/** The architecture that a program is for; undefined when it is no little-endian ELF file, or for another one than ours. */
export function elfArchitecture(head: Uint8Array): Architecture | undefined {
  const [magic, littleEndian] = ['\x7fELF', 1];
  if (head.length < 20 || Buffer.from(head.subarray(0, 4)).toString('latin1') !== magic || head[5] !== littleEndian) {
    return undefined;
  }
  return machines[Buffer.from(head).readUInt16LE(18)];
}

/** The same of a file. */
export async function programArchitecture(path: string): Promise<Architecture | undefined> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(20), 0, 20, 0);
    return elfArchitecture(buffer.subarray(0, bytesRead));
  } finally {
    await file.close();
  }
}
