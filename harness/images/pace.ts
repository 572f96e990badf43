import { receivedBytes } from '../host/received.ts';

/** How far the pull of an image is. */
export interface PullLook {
  /** `120 of about 460 MB`; undefined where nobody counts bytes, or none came from outside. */
  readonly so: string | undefined;
  /** Until everything is pulled; undefined until there is a pace to go by. */
  readonly etaMs: number | undefined;
}

/** With less than this a pace is a guess: registries answer before they send. */
const enough = { ms: 5_000, bytes: 2e6 };

/**
 * How fast images are pulled, over all pulls of one set-up, by what this machine receives. Docker's client tells of bytes on a terminal only,
 * and the base of a node is one layer of hundreds of megabytes.
 */
export class PullPace {
  readonly #sizes: readonly number[];
  readonly #received: () => Promise<number | undefined>;
  readonly #now: () => number;
  #bytes = 0;
  #ms = 0;

  /** @param sizes bytes of each image, in the order in which they are pulled */
  constructor(
    sizes: readonly number[],
    received: () => Promise<number | undefined> = receivedBytes,
    now = performance.now.bind(performance),
  ) {
    this.#sizes = sizes;
    this.#received = received;
    this.#now = now;
  }

  /** Begins with the image at `index`. */
  async begin(index: number): Promise<{ readonly look: () => Promise<PullLook>; readonly end: () => Promise<void> }> {
    const [from, since] = [await this.#received(), this.#now()];
    const size = this.#sizes[index] ?? 0;
    const after = this.#sizes.slice(index + 1).reduce((sum, bytes) => sum + bytes, 0);
    const got = async (): Promise<number | undefined> => {
      const now = await this.#received();
      return from === undefined || now === undefined ? undefined : Math.max(0, now - from);
    };
    return {
      look: async () => {
        const here = await got();
        // A mirror on this very machine sends through no network card.
        if (here === undefined || here === 0) return { so: undefined, etaMs: undefined };
        // What else this machine receives counts, too: no more than all of it, until Docker says so.
        const part = Math.min(here, size);
        const [bytes, ms] = [this.#bytes + here, this.#ms + this.#now() - since];
        const paced = ms >= enough.ms && bytes >= enough.bytes;
        return {
          so: `${megabytes(part)} of about ${megabytes(size)} MB`,
          etaMs: paced ? ((size - part + after) * ms) / bytes : undefined,
        };
      },
      end: async () => {
        this.#bytes += (await got()) ?? 0;
        this.#ms += this.#now() - since;
      },
    };
  }
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(0);
