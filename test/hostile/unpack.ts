// What a child does with a bomb: unpacks it, and tells how far it came.

import { closeSync, openSync } from 'node:fs';
import { PiburnError } from '../../src/errors.js';
import { type Decoder, decode } from '../../src/image/decode/index.js';

export interface UnpackOrder {
  readonly path: string;
  readonly decoder: Decoder;
  readonly limitBytes: number;
}

export interface Unpacked {
  readonly cameBytes: number;
  /** Undefined when it came to the end. */
  readonly code?: string;
  readonly message?: string;
}

export async function answer({ path, decoder, limitBytes }: UnpackOrder): Promise<Unpacked> {
  const descriptor = openSync(path, 'r');
  let cameBytes = 0;
  try {
    for await (const chunk of decode({ name: 'bomb', descriptor, limitBytes }, decoder)) cameBytes += chunk.length;
    return { cameBytes };
  } catch (error) {
    if (!(error instanceof PiburnError)) throw error;
    return { cameBytes, code: error.failure.code, message: error.message };
  } finally {
    closeSync(descriptor);
  }
}
