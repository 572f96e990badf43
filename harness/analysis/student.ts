import { errorFunction } from 'simple-statistics';

/** Chance that a standard normal value is at most z. */
export const normalCdf = (z: number): number => (1 + errorFunction(z / Math.SQRT2)) / 2;

/**
 * Chance that a value of Student's distribution is at most t, for whole degrees of freedom, as a finite sum.
 * Source: Abramowitz and Stegun, Handbook of Mathematical Functions (1964), 26.7.3 and 26.7.4.
 */
export function studentCdf(t: number, df: number): number {
  if (t < 0) return 1 - studentCdf(-t, df);
  const angle = Math.atan(t / Math.sqrt(df));
  const cos = Math.cos(angle);
  const odd = df % 2 === 1;
  // The sum's terms are cos, cos^3 ... (odd) or 1, cos^2 ... (even), each with the ratio of the next lower ones before it.
  let term = odd ? cos : 1;
  let sum = odd && df === 1 ? 0 : term;
  for (let i = odd ? 3 : 2; i <= df - 2; i += 2) {
    term *= ((i - 1) / i) * cos * cos;
    sum += term;
  }
  const within = odd ? (2 / Math.PI) * (angle + Math.sin(angle) * sum) : Math.sin(angle) * sum;
  return (1 + within) / 2;
}

/**
 * The value that a value of Student's distribution is below with chance p.
 * @throws RangeError for p outside 0..1 (both left out) or df that is no whole number from 1
 */
export function studentQuantile(p: number, df: number): number {
  if (!(p > 0 && p < 1) || !Number.isInteger(df) || df < 1) {
    throw new RangeError(`studentQuantile(${String(p)}, ${String(df)})`);
  }
  if (p < 0.5) return -studentQuantile(1 - p, df);
  let hi = 1;
  while (studentCdf(hi, df) < p && hi < 1e12) hi *= 2;
  let lo = 0;
  for (let i = 0; i < 100; i++) {
    const mid = (lo + hi) / 2;
    if (studentCdf(mid, df) < p) lo = mid;
    else hi = mid;
  }
  return (lo + hi) / 2;
}
