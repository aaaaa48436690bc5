// An input of a fuzz target: a seed, which a real program has made, and what is changed in it. Kept so, an input stays
// small, says what is wrong with it, and can be made smaller.

/** Bytes of the seed that are replaced, by as many or by others. Offsets count in the seed. */
export interface Edit {
  readonly at: number;
  readonly remove: number;
  /** Hexadecimal. */
  readonly insert: string;
}

export interface Input {
  /** The name of a file in `seeds/`. */
  readonly seed: string;
  readonly edits: readonly Edit[];
}

/** The bytes of an input. Of edits that overlap the first one counts. */
export function bytesOf(seed: Buffer, { edits }: Input): Buffer {
  if (edits.every(keepsLength)) return overwritten(seed, edits);
  const pieces: Buffer[] = [];
  let from = 0;
  for (const { at, remove, insert } of [...edits].sort((a, b) => a.at - b.at)) {
    if (at < from) continue;
    pieces.push(seed.subarray(from, at), Buffer.from(insert, 'hex'));
    from = Math.min(seed.length, at + remove);
  }
  return Buffer.concat([...pieces, seed.subarray(from)]);
}

const keepsLength = ({ remove, insert }: Edit): boolean => insert.length === 2 * remove;

function overwritten(seed: Buffer, edits: readonly Edit[]): Buffer {
  const bytes = Buffer.from(seed);
  for (const { at, insert } of [...edits].reverse()) Buffer.from(insert, 'hex').copy(bytes, at);
  return bytes;
}

/** As JSON has it. @throws Error for anything else. */
export function parseInput(value: unknown): Input {
  const { seed, edits } = value as Partial<Input>;
  const isEdit = ({ at, remove, insert }: Partial<Edit>): boolean =>
    Number.isSafeInteger(at) &&
    Number.isSafeInteger(remove) &&
    typeof insert === 'string' &&
    /^[0-9a-f]*$/.test(insert);
  if (typeof seed === 'string' && Array.isArray(edits) && edits.every(isEdit)) return { seed, edits };
  throw new Error(`no input of a fuzz target: ${JSON.stringify(value)}`);
}
