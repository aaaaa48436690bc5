// How a command ended: what the commands hand to the engine.

/** `stuck`: threads are left that will not end by themselves. */
export interface Ending {
  readonly code: number;
  readonly stuck: boolean;
}
