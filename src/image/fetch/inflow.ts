// An answer as it comes in from undici: its head as a promise, its body as bytes to iterate over, with back-pressure. A
// Node stream throws away what it holds when the connection breaks; here that is handed over before the error.

import type { Dispatcher } from 'undici';

/** When so much waits to be taken, the network is paused. */
const heldBytesMax = 1024 * 1024;

export interface Head {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export class Inflow implements Dispatcher.DispatchHandler {
  readonly head: Promise<Head>;
  readonly #settle: { resolve: (head: Head) => void; reject: (error: unknown) => void };
  #controller: Dispatcher.DispatchController | undefined;
  #held: Buffer[] = [];
  #heldBytes = 0;
  #end: 'end' | { readonly error: unknown } | undefined;
  #wake: () => void = () => undefined;
  /** Why it was dropped. */
  #unwanted: Error | undefined;
  readonly #forget: () => void;

  constructor(signal: AbortSignal) {
    let settle = { resolve: (_: Head) => {}, reject: (_: unknown) => {} };
    this.head = new Promise((resolve, reject) => {
      settle = { resolve, reject };
    });
    this.head.catch(() => undefined);
    this.#settle = settle;
    const onAbort = () => this.drop(signal.reason);
    signal.addEventListener('abort', onAbort);
    this.#forget = () => signal.removeEventListener('abort', onAbort);
  }

  /** Ends it, if it has not come to its end. */
  drop(reason: Error): void {
    this.#unwanted = reason;
    this.#controller?.abort(reason);
    this.onResponseError(this.#controller, reason);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#unwanted !== undefined) controller.abort(this.#unwanted);
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: Head['headers']): void {
    if (status >= 200) this.#settle.resolve({ status, headers });
  }

  onResponseData(controller: Dispatcher.DispatchController, bytes: Buffer): void {
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
    if (this.#heldBytes >= heldBytesMax) controller.pause();
    this.#wake();
  }

  onResponseEnd(): void {
    this.#end ??= 'end';
    this.#forget();
    this.#wake();
  }

  onResponseError(_: unknown, error: unknown): void {
    this.#end ??= { error };
    this.#forget();
    this.#settle.reject(error);
    this.#wake();
  }

  /** What has come since the last time, in one piece; throws what ended it early. To be iterated over once. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    for (;;) {
      if (this.#unwanted !== undefined) throw this.#unwanted;
      if (this.#heldBytes > 0) yield this.#taken();
      else if (this.#end === 'end') return;
      else if (this.#end !== undefined) throw this.#end.error;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }

  #taken(): Buffer {
    const bytes = this.#held.length === 1 && this.#held[0] ? this.#held[0] : Buffer.concat(this.#held);
    this.#held = [];
    this.#heldBytes = 0;
    this.#controller?.resume();
    return bytes;
  }
}
