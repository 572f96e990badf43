/** A duration as Prometheus' and Alertmanager's configurations take it: whole milliseconds. */
export const formatMs = (ms: number): string => (ms % 1000 === 0 ? `${ms / 1000}s` : `${Math.round(ms)}ms`);
