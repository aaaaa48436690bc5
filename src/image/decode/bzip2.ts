// .bz2 by lbzip2, which uses all cores, or by bzip2. Both take whatever does not look like another stream for the end,
// and end without an error; lbzip2 does so without a word. One damaged byte in a file of many streams, such as pbzip2
// makes, would so cut the image. Therefore a stream of our own is fed after the last one: it has to come out.

import { corruptImage } from './corrupt.js';
import type { Encoded } from './encoded.js';
import { decodeByProgram } from './program.js';

export type Bzip2Program = 'lbzip2' | 'bzip2';

const mark = Buffer.from('piburn: the end of the bzip2 data');
/** The mark as `bzip2 -9` packs it. */
const packedMark = Buffer.from(
  '425a6839314159265359ce70569b00000d1980400010103761d610200022' +
    '2686d268f534d0a1a698001750ec792c632a517a11ebc444d2e1293e2ee4' +
    '8a70a1219ce0ad36',
  'hex',
);

export async function* decodeByBzip2(
  encoded: Encoded,
  program: Bzip2Program,
  seen?: (bytes: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  const args = ['--decompress', '--stdout'];
  let held = Buffer.alloc(0);
  for await (const chunk of decodeByProgram(encoded, { program, args, ending: packedMark }, seen)) {
    const bytes = Buffer.concat([held, chunk]);
    const end = Math.max(0, bytes.length - mark.length);
    if (end > 0) yield bytes.subarray(0, end);
    held = Buffer.from(bytes.subarray(end));
  }
  if (!held.equals(mark)) throw corruptImage(encoded.name, 'there is something else behind the end of its data');
}
