import { z } from 'zod';
import type { Probe } from '../model/probe.ts';
import { millis } from '../model/units.ts';
import { ask, good } from './support/http.ts';
import { stateless } from './support/stateless.ts';

/** podinfo's answer when it has backends: what each of them said. */
const answers = z.array(z.string());

/**
 * Whether an answer of podinfo's `/echo` came back through its backend; throws why not. With a backend podinfo answers 200
 * and a JSON array with one string for each, be that the backend's answer or `backend <url> call failed <error>`: the
 * status alone says nothing. Without a backend it answers 202 and the bare body, which proves nothing either.
 */
export function checkEcho(body: string, sent: string): void {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    throw new Error('the answer is no list of backend answers');
  }
  const list = answers.safeParse(parsed);
  if (!list.success || list.data.length === 0) throw new Error('the answer is no list of backend answers');
  const wrong = list.data.find((text) => text !== sent);
  if (wrong !== undefined) throw new Error(wrong === '' ? 'an empty answer from the backend' : wrong);
}

/**
 * One service calling another by its DNS name: POST `/echo` to the web service, which posts the body to its backend and
 * returns what that answered. Each attempt's body is unique, so no answer can be an old one.
 *
 * Source: postmortem 002, "Failed to connect to ollama.ollama.svc.cluster.local"; podinfo's pkg/api/http/echo.go.
 */
export function serviceToService(): Probe {
  return stateless(
    {
      sli: 'service-to-service',
      title: 'A service calling another by its DNS name',
      periodMs: millis(500),
      timeoutMs: millis(1000),
      bystander: false,
    },
    async (context, n, signal) => {
      const body = `firedrill ${n} ${Math.round(context.now())}`;
      const answer = good(await ask(context.cluster.endpoint('web'), '/echo', { signal, method: 'POST', body }));
      checkEcho(answer.body, body);
    },
  );
}
