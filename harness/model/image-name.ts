/** An image's name as containerd writes it: `postgres:15` is `docker.io/library/postgres:15`. */
export function fullName(ref: string): string {
  const { host, path, tag } = splitRef(ref);
  return `${host}/${path}:${tag}`;
}

/** Splits a reference; names without a host are on docker.io, and those of one word under library/ there. */
export function splitRef(ref: string): { readonly host: string; readonly path: string; readonly tag: string } {
  const slash = ref.indexOf('/');
  const first = slash === -1 ? '' : ref.slice(0, slash);
  const hasHost = first === 'localhost' || first.includes('.') || first.includes(':');
  const rest = hasHost ? ref.slice(slash + 1) : ref;
  const colon = rest.lastIndexOf(':');
  const name = colon === -1 ? rest : rest.slice(0, colon);
  const tag = colon === -1 ? 'latest' : rest.slice(colon + 1);
  const host = hasHost ? first : 'docker.io';
  return { host, path: host === 'docker.io' && !name.includes('/') ? `library/${name}` : name, tag };
}
