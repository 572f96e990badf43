/** Something of firedrill's in Docker, found by its labels or its name and not by the registry. */
export interface Leftover {
  readonly kind: 'cluster' | 'network' | 'container' | 'volume' | 'fence';
  readonly name: string;
  /** The run that its label names; undefined when it carries none (then only the registry can say whose it is). */
  readonly runId: string | undefined;
}

/** Finds and removes what is firedrill's in Docker, whoever made it. */
export interface Leftovers {
  /** Everything labelled as firedrill's. Rejects when Docker cannot be asked. */
  list(signal: AbortSignal): Promise<readonly Leftover[]>;
  /** Removes one; resolves also when it was gone already. */
  delete(leftover: Leftover, signal: AbortSignal): Promise<void>;
}
