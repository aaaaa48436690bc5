// Tries again what the network may have spoilt, with growing pauses, and gives up with an error that says what happened.

import { failure, type PiburnError } from '../../errors.js';
import { Trouble } from './trouble.js';
import { pause } from './watch.js';

/** How much is put up with. Times in milliseconds. */
export interface Patience {
  /** A connection on which nothing comes for so long counts as broken. */
  readonly stallMs: number;
  /** The first pause; each further one is twice as long. */
  readonly pauseMs: number;
  readonly pauseMaxMs: number;
  /** A server may ask for longer pauses (Retry-After), but not for longer than this. */
  readonly retryAfterMaxMs: number;
  /** Tries without any progress. */
  readonly triesInARow: number;
  /** Tries when no connection ever came about. */
  readonly triesUnreached: number;
  readonly triesAltogether: number;
}

export const patient: Patience = {
  stallMs: 30_000,
  pauseMs: 1000,
  pauseMaxMs: 30_000,
  retryAfterMaxMs: 120_000,
  triesInARow: 8,
  triesUnreached: 3,
  triesAltogether: 100,
};

/** For small things that somebody waits for, and that can be done without. */
export const hasty: Patience = { ...patient, pauseMs: 500, retryAfterMaxMs: 5000, triesInARow: 3 };

export interface Undertaking {
  /** The address, as it may be shown. */
  readonly shown: string;
  readonly patience: Patience;
  readonly cancelled: () => boolean;
  /** One sentence for each new try. */
  readonly onTrouble?: (message: string) => void;
  /** A number that grows with what has been achieved. */
  readonly progress?: () => number;
  /** Where a connection broke: ` at 30 %`. */
  readonly where?: () => string;
}

/**
 * Calls `attempt` until it succeeds, throws something other than a `Trouble`, or has been tried too often.
 * @throws PiburnError `DOWNLOAD_UNREACHABLE`, `DOWNLOAD_BROKEN`, `DOWNLOAD_SERVER`, `INTERRUPTED`; whatever `attempt` throws.
 */
export async function persist<T>(attempt: () => Promise<T>, undertaking: Undertaking): Promise<T> {
  const { patience, cancelled, onTrouble, progress = () => 0 } = undertaking;
  const first = progress();
  let last = first;
  let inARow = 0;
  for (let tries = 1; ; tries++) {
    await pause(0, cancelled);
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof Trouble)) throw error;
      inARow = progress() > last ? 1 : inARow + 1;
      last = progress();
      const isReached = error.kind !== 'unreachable' || last > first;
      const most = isReached ? patience.triesInARow : patience.triesUnreached;
      if (inARow >= most || tries >= patience.triesAltogether) throw givenUp(error, inARow, tries, undertaking);
      const pauseMs = pauseBefore(inARow, error.retryAfterMs ?? 0, patience);
      onTrouble?.(`${said(error, undertaking)}; trying again in ${inSeconds(pauseMs)} (${inARow + 1} of ${most})`);
      await pause(pauseMs, cancelled);
    }
  }
}

const said = ({ kind, message }: Trouble, { where }: Undertaking): string =>
  kind === 'broken' ? message + (where?.() ?? '') : message;

/**
 * How long to wait after so many failures in a row, when the server asked for `askedMs`. With jitter, so that a lab full
 * of piburns does not come back at one moment.
 */
export function pauseBefore(failures: number, askedMs: number, patience: Patience): number {
  const fullMs = Math.min(patience.pauseMs * 2 ** (failures - 1), patience.pauseMaxMs);
  return Math.max(fullMs * (0.75 + Math.random() / 4), Math.min(askedMs, patience.retryAfterMaxMs));
}

const inSeconds = (waitMs: number): string =>
  `${waitMs < 9500 ? (waitMs / 1000).toFixed(1) : Math.round(waitMs / 1000)} s`;

function givenUp(trouble: Trouble, inARow: number, tries: number, undertaking: Undertaking): PiburnError {
  const { shown } = undertaking;
  const how = inARow < tries ? `${inARow} times in a row, ${tries} altogether` : `${tries} times`;
  switch (trouble.kind) {
    case 'unreachable':
      return failure('DOWNLOAD_UNREACHABLE', `${shown} cannot be fetched: ${trouble.message}`, {
        hint: 'is there a network, and the name right? behind a proxy: HTTPS_PROXY=http://HOST:PORT',
      });
    case 'server':
      return failure('DOWNLOAD_SERVER', `${shown} cannot be fetched: ${trouble.message}, ${how}`, {
        hint: 'try again later',
      });
    case 'broken':
      return failure('DOWNLOAD_BROKEN', `${shown} cannot be fetched: ${said(trouble, undertaking)}, ${how}`, {
        hint: 'try again: what has come is kept where the server allows to continue',
      });
  }
}
