// Which parts of `src/` have run, and how often: V8's own counters of blocks, through the inspector. Each place with each
// magnitude of its count (1, 2, 3, 4 to 7, 8 to 15, …) is a feature.

import { type Profiler, Session } from 'node:inspector';

export class Coverage {
  readonly #session = new Session();
  readonly #numbers = new Map<string, number>();

  constructor() {
    this.#session.connect();
    this.#post('Profiler.enable');
    this.#post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** The places since the last call, as numbers. Slow: the inspector goes through everything that was ever loaded. */
  takePlaces(): Set<number> {
    return this.#take(() => '');
  }

  /** The features since the last call, as numbers; places are among them. */
  take(): Set<number> {
    return this.#take((count) => ` ${magnitudeOf(count)}`);
  }

  #take(detailOf: (count: number) => string): Set<number> {
    const features = new Set<number>();
    for (const { url, functions } of this.#post('Profiler.takePreciseCoverage').result) {
      if (!/\/src\/[^/]+(\/|\.js$)/.test(url)) continue;
      for (const { ranges } of functions) {
        for (const { startOffset, endOffset, count } of ranges) {
          if (count === 0) continue;
          const place = `${url} ${startOffset} ${endOffset}`;
          features.add(this.#numberOf(place)).add(this.#numberOf(`${place}${detailOf(count)}`));
        }
      }
    }
    return features;
  }

  close(): void {
    this.#session.disconnect();
  }

  #numberOf(feature: string): number {
    const number = this.#numbers.get(feature) ?? this.#numbers.size;
    this.#numbers.set(feature, number);
    return number;
  }

  /** In the same thread the inspector answers before `post` returns. */
  #post(method: 'Profiler.takePreciseCoverage'): Profiler.TakePreciseCoverageReturnType;
  #post(method: string, parameters?: object): object;
  #post(method: string, parameters: object = {}): object {
    let answer: object = { result: [] };
    this.#session.post(method, parameters, (error, result) => {
      if (error !== null) throw new Error(`${method}: ${error.message}`);
      answer = result ?? answer;
    });
    return answer;
  }
}

const magnitudeOf = (count: number): number => (count < 4 ? count : 2 + Math.floor(Math.log2(count)));
