// Reads records out of a stream of chunks: so many bytes at once for a header, so many in pieces for what follows it.

export class ByteReader {
  readonly #chunks: AsyncIterator<Buffer>;
  #chunk: Buffer = Buffer.alloc(0);

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** The next `count` bytes, which stay the next ones; fewer where the stream ends. Valid until more is asked for. */
  async peek(count: number): Promise<Buffer> {
    while (this.#chunk.length < count) {
      // The next chunk may come in the same memory.
      const held = Buffer.from(this.#chunk);
      const { value, done } = await this.#chunks.next();
      this.#chunk = done === true ? held : Buffer.concat([held, value]);
      if (done === true) break;
    }
    return this.#chunk.subarray(0, count);
  }

  /** The next `count` bytes; fewer where the stream ends. Valid until more is asked for. */
  async take(count: number): Promise<Buffer> {
    await this.peek(count);
    return this.#cut(count);
  }

  /** The next `count` bytes as they come; fewer where the stream ends. Each piece is valid until the next. */
  async *pieces(count: number): AsyncGenerator<Buffer> {
    for (let left = count; left > 0; ) {
      if (this.#chunk.length === 0) {
        const { value, done } = await this.#chunks.next();
        if (done === true) return;
        this.#chunk = value;
      }
      const piece = this.#cut(Math.min(left, this.#chunk.length));
      left -= piece.length;
      yield piece;
    }
  }

  #cut(count: number): Buffer {
    const piece = this.#chunk.subarray(0, count);
    this.#chunk = this.#chunk.subarray(count);
    return piece;
  }
}
