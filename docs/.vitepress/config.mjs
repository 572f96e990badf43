import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, readdirSync } from 'node:fs';
import { join, posix } from 'node:path';

// The site is the repository's own Markdown, each page under the path that it has there, so that one link serves both. It is built by
// bin/docs.mjs, from the repository's folder.

const base = process.env.DOCS_BASE ?? '/';

/** The outages that have a page: bin/docs.mjs has them written first. */
const outages = readdirSync('docs/outages').map((page) => page.replace('.md', ''));

/** Where the sources are on GitHub: known where GitHub builds the site. */
const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository } = process.env;
const sources = server && repository ? `${server}/${repository}/blob/main` : undefined;

/** Anchors as GitHub gives them. */
const slugify = (heading) =>
  heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\-_ ]/gu, '')
    .replaceAll(' ', '-');

/**
 * Links to what is a page here under another name, or a file: a kept run's report is the HTML one, a README an index. A link with a target is left
 * alone by VitePress, and by its router.
 */
function mendLink(token, page) {
  const href = token.attrGet('href');
  if (href === null || /^[a-z]+:/.test(href)) return;
  if (/\.(ts|m?js|sh|ya?ml)$/.test(href)) {
    // A source is no page. Without a repository to lead to it stays a name.
    if (sources === undefined) token.attrs = token.attrs.filter(([name]) => name !== 'href');
    else token.attrSet('href', `${sources}/${posix.join(posix.dirname(page), href)}`);
    return;
  }
  const mended = href.replace(/\/report\.md$/, '/report.html').replace(/README\.md(?=$|#)/, 'index.md');
  token.attrSet('href', mended);
  if (/\.(html|json)$/.test(mended)) token.attrSet('target', '_self');
}

/** What GitHub and VitePress see differently in one Markdown. */
function asOnGitHub(md) {
  md.core.ruler.push('as-on-github', ({ tokens, env }) => {
    for (const token of tokens) {
      for (const child of token.children ?? []) mendLink(child, env.relativePath);
      // The commands in an outage's page: VitePress colours fenced blocks only, and takes braces in others for Vue's.
      if (token.type === 'code_block') Object.assign(token, { type: 'fence', info: 'sh', tag: 'code', markup: '```' });
    }
  });
  const { text } = md.renderer.rules;
  md.renderer.rules.text = (...args) => text(...args).replaceAll('{{', '&#123;&#123;');
}

export default {
  title: 'firedrill',
  description: 'Reproduces outages from real postmortems on real Kubernetes clusters in containers.',
  base,
  srcDir: '..',
  srcExclude: [
    'reports/!(examples)/**',
    'reports/examples/*/**',
    'test/**',
    'images/**',
    '.firedrill/**',
    'coverage/**',
  ],
  rewrites: Object.fromEntries(
    ['', 'reports/examples/', 'manifests/checks/'].map((folder) => [`${folder}README.md`, `${folder}index.md`]),
  ),
  outDir: join('.vitepress', 'dist', base),
  // What a command prints is no markup.
  markdown: { html: false, anchor: { slugify }, config: asOnGitHub },
  themeConfig: {
    search: {
      provider: 'local',
      // A term's definition comes before its uses: the glossary is one long table, and what is long ranks low.
      options: { miniSearch: { searchOptions: { boostDocument: (id) => (id.includes('/glossary') ? 4 : 1) } } },
    },
    outline: [2, 3],
    nav: [
      { text: 'Outages', link: '/reports/examples/' },
      { text: 'Measurement', link: '/docs/measurement' },
      { text: 'Findings', link: '/docs/findings' },
    ],
    sidebar: [
      {
        text: 'firedrill',
        items: [
          { text: 'What it is', link: '/' },
          { text: 'Glossary', link: '/docs/glossary' },
          { text: 'Commands', link: '/docs/commands' },
          { text: 'Your own outage', link: '/docs/own-outages' },
          { text: 'A drill for people', link: '/docs/drill' },
          { text: 'Your own runbook', link: '/docs/runbooks' },
          { text: 'Your own responder', link: '/docs/responders' },
          { text: 'Alert rules', link: '/docs/alerts' },
          { text: 'Where it works', link: '/docs/where-it-works' },
          { text: 'What is measured', link: '/docs/measurement' },
          { text: 'What was found', link: '/docs/findings' },
          { text: 'The kept runs', link: '/reports/examples/' },
          { text: 'Working on firedrill', link: '/CONTRIBUTING' },
          { text: 'Decisions', link: '/docs/decisions' },
          { text: 'Changes', link: '/CHANGELOG' },
        ],
      },
      {
        text: 'Outages',
        items: outages.map((outage) => ({ text: outage, link: `/docs/outages/${outage}` })),
      },
    ],
  },
  buildEnd({ outDir }) {
    execFileSync(process.execPath, ['--import', 'tsx', 'docs/runs.ts', outDir], { stdio: 'inherit' });
    copyFileSync('docs/report.schema.json', join(outDir, 'docs', 'report.schema.json'));
    cpSync('docs/schemas', join(outDir, 'docs', 'schemas'), { recursive: true });
  },
};
