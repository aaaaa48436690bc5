// `npm run fuzz -- [TARGET…] [--seconds=N] [--seed=S] [--keep] [--make-seeds]`: fuzzes the targets one after the other for
// N seconds in all, guided by coverage, and ends with 1 when one has found a defect. `--keep` writes the corpus.

import { Worker } from 'node:worker_threads';
import type { Order, Outcome } from './fuzz.js';
import { type Input, parseInput } from './input.js';
import { makeSeeds } from './make-seeds.js';
import { writeCorpus } from './seeds.js';
import { targets } from './targets/index.js';

/** An input that takes so long hangs: the slowest takes a fraction of a second. */
const hangsAfterMs = 60_000;
const heapMegabytes = 512;

interface Wish {
  readonly names: readonly string[];
  readonly seconds: number;
  readonly seed: number;
  readonly keep: boolean;
}

const args = process.argv.slice(2);
if (args.includes('--make-seeds')) makeSeeds();
else process.exitCode = await fuzzAll(wishOf(args));

function wishOf(words: readonly string[]): Wish {
  const number = (name: string, usual: number): number =>
    Number(words.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3) ?? usual);
  const named = words.filter((word) => !word.startsWith('--'));
  const unknown = named.filter((name) => !targets.some((target) => target.name === name));
  if (unknown.length > 0) throw new Error(`no such target: ${unknown.join(', ')}`);
  return {
    names: named.length > 0 ? named : targets.map(({ name }) => name),
    seconds: number('seconds', 60),
    seed: number('seed', Date.now() % 1_000_000),
    keep: words.includes('--keep'),
  };
}

async function fuzzAll({ names, seconds, seed, keep }: Wish): Promise<number> {
  console.log(`seed ${seed}, ${seconds} s for ${names.length} targets`);
  let [inputs, defects] = [0, 0];
  for (const target of names) {
    const outcome = await fuzz({
      target,
      seconds: seconds / names.length,
      seed,
      shared: new SharedArrayBuffer(1 << 20),
    });
    inputs += outcome.inputs;
    console.log(
      `${target.padEnd(10)} ${outcome.inputs} inputs, ${outcome.features} features, corpus ${outcome.corpus.length}`,
    );
    if (outcome.defect !== undefined) {
      defects += 1;
      console.log(`DEFECT ${outcome.defect.error}\n${JSON.stringify(outcome.defect.input)}`);
    } else if (keep) writeCorpus(target, outcome.corpus);
  }
  console.log(`${inputs} inputs, ${defects} defects`);
  return defects > 0 ? 1 : 0;
}

/** Runs a worker to its end; one that hangs, or needs too much memory, is a defect of what it tried last. */
function fuzz(order: Order): Promise<Outcome> {
  const worker = new Worker(new URL('worker.js', import.meta.url), {
    workerData: order,
    resourceLimits: { maxOldGenerationSizeMb: heapMegabytes },
  });
  const counter = new Int32Array(order.shared, 0, 4);
  return new Promise((resolve) => {
    let [seen, sinceMs] = [-1, Date.now()];
    const clock = setInterval(() => {
      const count = Atomics.load(counter, 0);
      if (count !== seen) [seen, sinceMs] = [count, Date.now()];
      else if (Date.now() - sinceMs > hangsAfterMs) end(broken(order, 'it hangs'));
    }, 500);
    const end = (outcome: Outcome): void => {
      clearInterval(clock);
      void worker.terminate().then(() => resolve(outcome));
    };
    worker.once('message', end);
    worker.once('error', (error) => end(broken(order, error.stack ?? error.message)));
  });
}

function broken({ shared }: Order, error: string): Outcome {
  const [inputs = 0, lengthBytes = 0] = new Int32Array(shared, 0, 4);
  if (lengthBytes === 0) throw new Error(`nothing was tried: ${error}`);
  const input: Input = parseInput(JSON.parse(Buffer.from(shared, 16, lengthBytes).toString('utf8')));
  return { inputs, features: 0, corpus: [], defect: { input, error } };
}
