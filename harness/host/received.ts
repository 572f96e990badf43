import { access, readdir, readFile } from 'node:fs/promises';

/** Bytes that this machine has received through its network cards since they were there; undefined where nobody counts them (no Linux). */
export async function receivedBytes(sys = '/sys/class/net'): Promise<number | undefined> {
  const names = await readdir(sys).catch(() => []);
  const counts = await Promise.all(names.map((name) => countOf(`${sys}/${name}`)));
  const known = counts.filter((count) => count !== undefined);
  return known.length === 0 ? undefined : known.reduce((sum, count) => sum + count, 0);
}

/** Of bridges, tunnels and loopback undefined: what they carry came through a card, or never left this machine. */
async function countOf(card: string): Promise<number | undefined> {
  try {
    await access(`${card}/device`);
    return Number(await readFile(`${card}/statistics/rx_bytes`, 'utf8'));
  } catch {
    return undefined;
  }
}
