import { readFileSync } from 'node:fs';
import { safe, trusted } from '../reporters/markup.ts';
import { style } from '../reporters/style.ts';

const beside = (file: string): string => readFileSync(new URL(`page/${file}`, import.meta.url), 'utf8');

/** What runs on the page. */
export const pageScript = (): string => beside('page.js');

/** The headers of every answer: nothing from anywhere else, in no frame, kept nowhere. */
export const pageHeaders = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
} as const;

/** The page of a drill: one for the person on call, with hints and a way to give up, and one for observers, who only look. */
export function drillPage(who: 'on-call' | 'observer'): string {
  return safe`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>On call</title>
<style>${trusted(style)}${trusted(beside('page.css'))}</style>
</head>
<body>
<header><p class="kicker">firedrill · drill${who === 'observer' && ' · observer'}</p></header>
<main>
<section id="top" class="verdict calm">
<div class="bar"><h1 class="clock" id="clock" aria-label="Time on call">0:00</h1><p class="status" id="status" role="status">Connecting …</p></div>
<p id="lost" class="lost" role="alert" hidden>The drill does not answer: it is over, or its terminal was closed.</p>
<noscript><p class="lost">This page needs JavaScript. The alerts are also in the file that $ALERTS names.</p></noscript>
${
  who === 'on-call' &&
  safe`<div class="actions" id="actions" hidden><button type="button" id="hint">Hint</button><button type="button" id="give-up" class="danger">Give up</button></div>
<dialog id="sure" aria-labelledby="sure-title"><h2 id="sure-title">Give up?</h2><p>The drill ends, and you get the debrief with what would have helped.</p>
<form method="dialog" class="actions"><button value="no" autofocus>Go on</button><button value="yes" class="danger">Give up</button></form></dialog>`
}
</section>
<div class="grid2">
<section><h2>Users</h2><ul class="list card" id="slis"><li class="muted">Not asked yet.</li></ul></section>
<section><h2>Alerts</h2><ul class="list card" id="alerts" role="log"><li class="muted">No alert has rung.</li></ul></section>
<section><h2>Commands</h2><ul class="list card" id="commands"><li class="muted">No command yet.</li></ul></section>
<section><h2>Hints</h2><ul class="list card" id="hints" aria-live="polite"><li class="muted">No hint taken.</li></ul></section>
</div>
</main>
<script src="page.js" type="module"></script>
</body>
</html>
`.markup;
}
