// A bench that is made up, for the tests of its table and its picture.

import type { BenchMeasure, BenchReader, BenchResult } from '../../src/protocol/bench.js';

const usual = 4 * 1024 * 1024;

/** Speeds in MB/s. */
export function benchMeasure(
  step: Pick<BenchMeasure, 'part' | 'operation'> & Partial<BenchMeasure>,
  readers: readonly number[],
  megabytes: number,
): BenchMeasure {
  const bytesPerSecond = megabytes * 1e6;
  return {
    ...{ blockBytes: usual, direct: true, failed: [], elapsedMs: 1000, bytesPerSecond },
    rates: readers.map((reader) => ({ reader, doneBytes: bytesPerSecond / readers.length, elapsedMs: 1000 })),
    cpu: { userMs: 20, systemMs: 80, machineMs: 200 },
    ...step,
  };
}

export const benchReader = (path: string, more: Partial<BenchReader> = {}): BenchReader => ({
  ...{ path, model: 'Reader', kind: 'block', fresh: false, sizeBytes: 32e9, direct: true, touched: true },
  ...more,
});

/** Two readers, which write 20 and 30 MB/s alone and 40 MB/s together. */
export const sampleBench: BenchResult = {
  ...{ readOnly: false, rangeBytes: 128e6, cores: 4, interrupted: false, elapsedMs: 61_000 },
  readers: [benchReader('/dev/sda'), benchReader('/dev/sdb')],
  measures: [
    benchMeasure({ part: 'alone', operation: 'write' }, [0], 20),
    benchMeasure({ part: 'alone', operation: 'read' }, [0], 80),
    benchMeasure({ part: 'alone', operation: 'write' }, [1], 30),
    benchMeasure({ part: 'alone', operation: 'read' }, [1], 90),
    benchMeasure({ part: 'blocks', operation: 'write', blockBytes: 65_536 }, [0], 9),
    benchMeasure({ part: 'blocks', operation: 'read', blockBytes: 65_536 }, [0], 40),
    benchMeasure({ part: 'buffered', operation: 'write', direct: false }, [0], 19),
    benchMeasure({ part: 'buffered', operation: 'read', direct: false }, [0], 82),
    benchMeasure({ part: 'together', operation: 'write' }, [0, 1], 40),
    benchMeasure({ part: 'together', operation: 'read' }, [0, 1], 170),
  ],
};
