/** What is used of jstat, which has no types of its own. */
declare module 'jstat' {
  interface Jstat {
    readonly studentt: { cdf(t: number, df: number): number; inv(p: number, df: number): number };
    readonly chisquare: { inv(p: number, df: number): number };
    readonly beta: { inv(p: number, alpha: number, beta: number): number };
  }
  const jstat: Jstat;
  export = jstat;
}
