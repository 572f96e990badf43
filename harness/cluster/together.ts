/**
 * Like `Promise.all`, but rejects (with the first error in the order given) only when all have ended: what one of them is still
 * making when another fails would be made after the teardown.
 */
export async function together<const T extends readonly unknown[]>(
  work: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  const failed = (await Promise.allSettled(work)).find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return await Promise.all(work);
}
