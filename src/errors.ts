// The one error of piburn. Everything that can go wrong for a person ends as a PiburnError: what happened,
// where, and what to try next. Across threads it travels as plain data (`Failure`), because an Error posted
// from a worker thread loses its class, code and fields.

/** What an error means for the whole run; it decides the exit code. */
export type ErrorKind = 'failed' | 'usage' | 'refused' | 'interrupted';

const exitCodes: Readonly<Record<ErrorKind, number>> = { failed: 1, usage: 2, refused: 3, interrupted: 130 };

/** An error as data: what crosses threads and what `--json` prints. */
export interface Failure {
  readonly kind: ErrorKind;
  /** A stable, documented word for programs: an errno name (`EIO`) or one of piburn's own (`VERIFY_MISMATCH`). */
  readonly code: string;
  /** One sentence: what happened, to which device, where. */
  readonly message: string;
  /** One sentence: what to try next. */
  readonly hint?: string;
  readonly device?: string;
  readonly offsetBytes?: number;
  readonly lengthBytes?: number;
}

export class PiburnError extends Error {
  override readonly name = 'PiburnError';
  readonly failure: Failure;

  constructor(failure: Failure, options?: { cause?: unknown }) {
    super(failure.message, options);
    this.failure = failure;
  }

  get exitCode(): number {
    return exitCodes[this.failure.kind];
  }
}

type Details = Omit<Failure, 'kind' | 'code' | 'message'>;

/** Wrong or contradicting input: exit code 2. */
export const usageError = (code: string, message: string, details: Details = {}): PiburnError =>
  new PiburnError({ kind: 'usage', code, message, ...details });

/** Refused because it could destroy the wrong data: exit code 3. */
export const refusal = (code: string, message: string, details: Details = {}): PiburnError =>
  new PiburnError({ kind: 'refused', code, message, ...details });

/** Something did not work: exit code 1. */
export const failure = (code: string, message: string, details: Details = {}, cause?: unknown): PiburnError =>
  new PiburnError({ kind: 'failed', code, message, ...details }, { cause });

/** The person wanted to stop: exit code 130. */
export const interruption = (message: string): PiburnError =>
  new PiburnError({ kind: 'interrupted', code: 'INTERRUPTED', message });

/** The errno name (`EIO`) that a system error carries, or undefined. */
export const errnoOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

/** Any thrown value as data; what is no PiburnError is a defect of piburn or a system error and keeps its text. */
export function toFailure(error: unknown): Failure {
  if (error instanceof PiburnError) return error.failure;
  const message = error instanceof Error ? error.message : String(error);
  return { kind: 'failed', code: errnoOf(error) ?? 'UNEXPECTED', message };
}

/** Any thrown value as a PiburnError. */
export const asPiburnError = (error: unknown): PiburnError =>
  error instanceof PiburnError ? error : new PiburnError(toFailure(error), { cause: error });

/** The exit code of a failure. */
export const exitCodeOf = (value: Failure): number => exitCodes[value.kind];
