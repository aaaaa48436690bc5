// What host and agent say to each other, a line of JSON each.

/** From the host. */
export type Request =
  | { readonly kind: 'run'; readonly id: number; readonly argv: readonly string[]; readonly env: Environment }
  | { readonly kind: 'signal'; readonly id: number; readonly signal: NodeJS.Signals };

/** From the agent. */
export type Word =
  | { readonly kind: 'ready' }
  | { readonly kind: 'stdout' | 'stderr'; readonly id: number; readonly text: string }
  /** `code` is null when a signal has ended it. */
  | { readonly kind: 'end'; readonly id: number; readonly code: number | null };

export type Environment = Readonly<Record<string, string>>;
