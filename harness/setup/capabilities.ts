/** Bit of CAP_SYS_RESOURCE in the kernel's capability sets (linux/capability.h). */
export const sysResourceBit = 24;

/**
 * The capability bounding set of a process, from the text of its /proc/<pid>/status; undefined when there is no such line.
 * A bounding set is at most 64 bits, which a JavaScript number does not hold: hence a bigint.
 */
export function boundingSet(status: string): bigint | undefined {
  const hex = /^CapBnd:\s*([0-9a-f]+)\s*$/im.exec(status)?.[1];
  return hex === undefined ? undefined : BigInt(`0x${hex}`);
}

/** Whether a set holds a capability, by its bit. */
export function holds(set: bigint, bit: number): boolean {
  return ((set >> BigInt(bit)) & 1n) === 1n;
}

/**
 * Whether privileged containers need the bounded runtime here: CAP_SYS_RESOURCE is missing from the bounding set, so runc
 * would refuse to hand it out. False where it cannot be told (no /proc: the engine runs elsewhere).
 */
export function needsBoundedRuntime(status: string | undefined): boolean {
  const set = status === undefined ? undefined : boundingSet(status);
  return set !== undefined && !holds(set, sysResourceBit);
}
