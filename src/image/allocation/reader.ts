// How a parser asks for bytes that are not decoded yet: a generator that yields requests and gets bytes back, so that
// it reads like straight code while its driver decides when the bytes exist.

/** A request for image bytes; answered when the image has been decoded that far. */
export interface ReadRequest {
  readonly offsetBytes: number;
  /** At most `maxRequestBytes`. The answer is shorter when the image ended. */
  readonly lengthBytes: number;
}

export const maxRequestBytes = 1024 * 1024;

/** A parser that follows the decoder. Offsets count from the start of what it reads: the image or one partition. */
export type Reader<T = void> = Generator<ReadRequest, T, Uint8Array>;

/** Thrown by a reader for what it does not understand or believe; the message is a note for people. */
export class NotUnderstood extends Error {
  override readonly name = 'NotUnderstood';
}

/** Exactly these bytes. @throws NotUnderstood when the image ends before them. */
export function* take(offsetBytes: number, lengthBytes: number): Reader<Uint8Array> {
  const bytes = yield { offsetBytes, lengthBytes };
  if (bytes.length !== lengthBytes) throw new NotUnderstood('the image ends inside its metadata');
  return bytes;
}
