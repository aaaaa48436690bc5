// The corpus that is kept: few inputs that reach together what all have reached.

import type { Input } from './input.js';
import type { Runner } from './runner.js';

const corpusMax = 60;
const corpusEdits = 24;

/** Each input without the edits that it does not need for what it reaches. */
export async function smallCorpus(run: Runner): Promise<Input[]> {
  const left = new Set(run.pool.flatMap(({ features }) => [...features]));
  const corpus: Input[] = [];
  while (left.size > 0 && corpus.length < corpusMax) {
    const gains = run.pool.map((pooled) => ({ pooled, gain: [...pooled.features].filter((each) => left.has(each)) }));
    const best = gains.reduce((most, each) => (each.gain.length > most.gain.length ? each : most));
    if (best.gain.length === 0) break;
    for (const feature of best.gain) left.delete(feature);
    if (best.pooled.input.edits.length > 0) corpus.push(await withoutNeedless(run, best.pooled.input, best.gain));
  }
  return corpus;
}

async function withoutNeedless(run: Runner, input: Input, needed: readonly number[]): Promise<Input> {
  let smallest = input;
  for (const edit of input.edits.slice(0, corpusEdits)) {
    const shorter = { ...smallest, edits: smallest.edits.filter((each) => each !== edit) };
    const features = await run.featuresOf(shorter);
    if (needed.every((feature) => features.has(feature))) smallest = shorter;
  }
  return smallest;
}
