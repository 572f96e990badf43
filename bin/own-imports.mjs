// For scenarios of a user's own, wherever they lie: what they import from `firedrill` is this very package, and a .ts file of theirs is a module, with or
// without a package.json that says so.
const root = new URL('../package.json', import.meta.url).href;
const home = new URL('..', import.meta.url).href;

export async function resolve(specifier, context, next) {
  if (/^firedrill(\/|$)/.test(specifier)) return next(specifier, { ...context, parentURL: root });
  const found = await next(specifier, context);
  return found.url.startsWith('file:') && /\.ts(\?|$)/.test(found.url) && !found.url.startsWith(home)
    ? { ...found, format: 'module' }
    : found;
}
