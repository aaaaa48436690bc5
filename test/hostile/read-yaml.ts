// What a child does with YAML from a card: reads it.

import { readYamlMapping } from '../../src/customise/flavours/yaml.js';

/** Texts as a piece and how often it is repeated. */
export async function answer(
  texts: readonly (readonly [before: string, piece: string, times: number])[],
): Promise<boolean[]> {
  return texts.map(([before, piece, times]) => readYamlMapping(before + piece.repeat(times)) !== undefined);
}
