// What block devices did during a trial, as their own counters tell, whatever program it was: bytes written and read,
// and when the last request ended (Linux, Documentation/block/stat.rst).

import { readFileSync } from 'node:fs';
import { basename } from 'node:path';

export interface DeviceWatch {
  readonly path: string;
  readonly writtenBytes: number;
  readonly readBytes: number;
  /** Seconds after the start of the trial. */
  readonly lastSeconds: number;
}

/** Sectors of these counters, whatever those of the device are. */
const sectorBytes = 512;

interface Counts {
  readonly readBytes: number;
  readonly writtenBytes: number;
}

/** `look` from time to time, `told` at the end. Paths that are no block devices are left out. */
export function watchDevices(paths: readonly string[]): {
  look(seconds: number): void;
  told(): DeviceWatch[];
} {
  const watched = paths.flatMap((path) => {
    const before = countsOf(path);
    return before === undefined ? [] : [{ path, before, last: before, lastSeconds: 0 }];
  });
  return {
    look: (seconds) => {
      for (const each of watched) {
        const now = countsOf(each.path);
        if (now === undefined || sum(now) === sum(each.last)) continue;
        each.last = now;
        each.lastSeconds = seconds;
      }
    },
    told: () =>
      watched.map(({ path, before, last, lastSeconds }) => ({
        path,
        writtenBytes: last.writtenBytes - before.writtenBytes,
        readBytes: last.readBytes - before.readBytes,
        lastSeconds,
      })),
  };
}

const sum = ({ readBytes, writtenBytes }: Counts): number => readBytes + writtenBytes;

function countsOf(path: string): Counts | undefined {
  try {
    const fields = readFileSync(`/sys/class/block/${basename(path)}/stat`, 'utf8')
      .trim()
      .split(/\s+/)
      .map(Number);
    return { readBytes: (fields[2] ?? 0) * sectorBytes, writtenBytes: (fields[6] ?? 0) * sectorBytes };
  } catch {
    return undefined;
  }
}
