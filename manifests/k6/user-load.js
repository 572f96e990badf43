// The user load: requests at a fixed rate, whether or not earlier ones have been answered (arrival rate, open model), from outside
// the cluster's nodes. One line for each: `<started, epoch ms> <1 good, 0 bad>`; the harness counts them by second.
// The probes are the truth about availability; this is the traffic that an outage hits.
//
// Environment: TARGETS (URLs, comma-separated), RATE (requests a second), SECONDS (how long at most).
import http from 'k6/http';

const targets = __ENV.TARGETS.split(',');
const rate = Number(__ENV.RATE);
const timeoutSeconds = 2;
const users = Math.ceil(rate * timeoutSeconds) + 5;

export const options = {
  scenarios: {
    users: {
      executor: 'constant-arrival-rate',
      rate,
      timeUnit: '1s',
      duration: `${__ENV.SECONDS}s`,
      // Enough for all that can be under way at once when every request hangs until its time-out, and a few to spare; all
      // of them made before, for making one in the middle of an outage drops requests.
      preAllocatedVUs: users,
      maxVUs: users,
      gracefulStop: `${timeoutSeconds}s`,
    },
  },
  // A user who comes new: no kept connections.
  noConnectionReuse: true,
  discardResponseBodies: true,
  summaryTrendStats: ['p(50)', 'p(99)'],
};

let n = 0;

export default function () {
  // Each virtual user goes round the targets, beginning at a place of its own.
  const url = targets[(__VU + n++) % targets.length];
  const started = Date.now();
  const answer = http.get(url, { timeout: `${timeoutSeconds}s` });
  console.log(`${started} ${answer.status >= 200 && answer.status < 300 ? 1 : 0}`);
}
