// The door to libext2fs, compiled to WebAssembly in the npm package `ext2fs`: a fresh copy of it for each file system.
//
// The package's own JavaScript is left out. It reads the system's clock, but the same node must give the same bytes; it
// answers with promises what is at hand; it takes over the process's uncaught errors; and one running out of memory
// breaks it for the whole process. So the compiled part is started here, with a disk and a clock of ours.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { compileFunction } from 'node:vm';
import { failure } from '../../errors.js';

/** What the file system lies on. Whatever these throw comes out of the call that needed them. */
export interface ExtDisk {
  read(offsetBytes: number, lengthBytes: number): Uint8Array;
  write(offsetBytes: number, bytes: Uint8Array): void;
}

/** Types for the part of WebAssembly that is used here; TypeScript has them with those of a browser only. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: Imports) => { readonly exports: object };
};
type Imports = Record<string, Record<string, unknown>>;

type Operation =
  | 'mount'
  | 'umount'
  | 'open'
  | 'close'
  | 'write'
  | 'mkdir'
  | 'symlink'
  | 'unlink'
  | 'rename'
  | 'chmod'
  | 'chown';

/** What emscripten's glue offers: numbers are pointers, file descriptors or results; negative results are errors. */
export type Glue = {
  readonly [name in `_node_ext2fs_${Operation}`]: (...values: number[]) => number;
} & {
  readonly _malloc_from_js: (lengthBytes: number) => number;
  readonly _free_from_js: (pointer: number) => void;
  /** A view of its memory. */
  readonly getBuffer: (pointer: number, lengthBytes: number) => Buffer;
};

/** Starts a copy whose clock stands at `now`. @throws PiburnError `EXT2FS_PACKAGE` when the package is another than ours. */
export function startLibext2fs(disk: ExtDisk, now: Date): Glue {
  const { run, path, wasm } = loadPackage();
  const hooks = {
    print: () => undefined,
    printErr: () => undefined,
    instantiateWasm(imports: Imports, receive: (instance: object) => void): object {
      useDisk(imports, disk, (pointer, lengthBytes) => glue.getBuffer(pointer, lengthBytes));
      const instance = new WebAssembly.Instance(wasm, imports);
      receive(instance);
      return instance.exports;
    },
  };
  // The glue fills the object that it is given.
  const glue = hooks as unknown as Glue;
  run(hooks, quietProcess, createRequire(path), dirname(path), path, standingClock(now), { exports: {} });
  return glue;
}

type Run = (module: object, process: object, require: NodeJS.Require, ...rest: unknown[]) => void;

interface Package {
  readonly run: Run;
  readonly path: string;
  readonly wasm: object;
}

let loaded: Package | undefined;

/** Compiled once; a run of it starts from nothing. */
function loadPackage(): Package {
  if (loaded !== undefined) return loaded;
  const path = createRequire(import.meta.url).resolve('ext2fs/lib/libext2fs.js');
  const source = readFileSync(path, 'utf8');
  const [, base64] = /"data:application\/octet-stream;base64,([A-Za-z0-9+/=]+)"/.exec(source) ?? [];
  if (base64 === undefined) throw wrongPackage('has no compiled library in it');
  const names = ['Module', 'process', 'require', '__dirname', '__filename', 'Date', 'module'];
  const run = compileFunction(source, names, { filename: path }) as Run;
  loaded = { run, path, wasm: new WebAssembly.Module(Buffer.from(base64, 'base64')) };
  return loaded;
}

/** All that the glue looks at; it would end the process after errors that are not its own. */
const quietProcess = {
  argv: [],
  versions: process.versions,
  platform: process.platform,
  hrtime: () => [0, 0],
  on: () => undefined,
};

const standingClock = (now: Date): DateConstructor =>
  class extends Date {
    static override now(): number {
      return now.getTime();
    }
  } as DateConstructor;

type View = (pointer: number, lengthBytes: number) => Buffer;

/** Puts our disk in place of the glue's asynchronous one. The imports have short names; their functions have whole ones. */
function useDisk(imports: Imports, disk: ExtDisk, view: View): void {
  const calls: Readonly<Record<string, (...values: number[]) => number>> = {
    __asyncjs__blk_read(_disk = 0, blockBytes = 0, block = 0, count = 0, pointer = 0) {
      const lengthBytes = lengthOf(count, blockBytes);
      view(pointer, lengthBytes).set(disk.read((block >>> 0) * blockBytes, lengthBytes));
      return 0;
    },
    __asyncjs__blk_write(_disk = 0, blockBytes = 0, block = 0, count = 0, pointer = 0) {
      disk.write((block >>> 0) * blockBytes, Uint8Array.from(view(pointer, lengthOf(count, blockBytes))));
      return 0;
    },
    __asyncjs__flush: () => 0,
    __asyncjs__discard: () => 0,
  };
  const missing = new Set(Object.keys(calls));
  for (const functions of Object.values(imports)) {
    for (const [key, value] of Object.entries(functions)) {
      const ours = typeof value === 'function' ? calls[value.name] : undefined;
      if (ours === undefined || typeof value !== 'function') continue;
      missing.delete(value.name);
      functions[key] = ours;
    }
  }
  if (missing.size > 0) throw wrongPackage(`has no ${[...missing].join(', ')}`);
}

/** A negative count is a number of bytes. */
const lengthOf = (count: number, blockBytes: number): number => (count < 0 ? -count : count * blockBytes);

const wrongPackage = (problem: string) =>
  failure('EXT2FS_PACKAGE', `the npm package ext2fs ${problem}: it is not the version that piburn was made with`, {
    hint: 'install piburn again, with `npm ci`',
  });
