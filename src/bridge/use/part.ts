// A part of the bridge, looked at.

export interface Part {
  readonly part: string;
  /** `unknown`: it could not be looked at, or need not be there; it counts neither way. */
  readonly state: 'up' | 'down' | 'unknown';
  /** What it is, or why it is down. */
  readonly detail: string;
  /** What to try next. */
  readonly hint?: string;
}

export const up = (part: string, detail: string): Part => ({ part, state: 'up', detail });

export const down = (part: string, detail: string, hint?: string): Part => ({
  part,
  state: 'down',
  detail,
  ...(hint === undefined ? {} : { hint }),
});

export const unknown = (part: string, detail: string): Part => ({ part, state: 'unknown', detail });

export const isAllUp = (parts: readonly Part[]): boolean => parts.every(({ state }) => state !== 'down');
