/**
 * What the verdict names, against what is true: `npm run bench verdict`
 *
 * Runs of situations of which it is known what may be said (test/support/verdicts.ts) are drawn with 1 to 20 trials of each
 * runbook, and their verdicts are counted. No cluster. The figures to keep are the shares of runs that name something wrong.
 */
import { parseArgs } from 'node:util';
import { namedIn, situations } from '../test/support/verdicts.ts';
import { keep, say, table } from './support.ts';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '2000' } } });
const rounds = Number(values.rounds);
const trials = [1, 2, 3, 5, 8, 9, 12, 20];

const found = situations.map((situation) => {
  say(situation.name);
  // Closed testing of seven is hundreds of partitions a run.
  const some = situation.arms.length > 6 ? Math.ceil(rounds / 10) : rounds;
  return {
    situation: situation.name,
    byTrials: trials.map((n) => ({ trials: n, ...namedIn(situation, n, some) })),
  };
});
const rows = found.map(({ situation, byTrials }) => [
  situation,
  ...byTrials.map((n) =>
    [n.wrong, n.right, n.listed].map((k) => String(Number(((100 * k) / n.rounds).toPrecision(2)))).join(' / '),
  ),
]);
process.stdout.write(
  `% of ${rounds} runs (of seven runbooks a tenth): names something wrong / the right one / has the right one among its candidates\n` +
    `${table([['', ...trials.map((n) => `${n} ${n === 1 ? 'trial' : 'trials'}`)], ...rows])}\n`,
);
await keep('verdict', { rounds, found });
