// Builds the addon with the address and undefined-behaviour sanitizers, and the environment in which Node loads it.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const sources = join(root, 'native');
const addon = join(root, 'build', 'asan', 'piburn.node');

/** Set in the environment of the tests that run on the sanitized addon, so that they do not build another. */
export const insideSanitizer = process.env.PIBURN_ASAN === '1';

/** Why there can be no sanitized run on this machine; undefined when there can. */
export function obstacle(): string | undefined {
  if (insideSanitizer) return 'runs on the sanitized addon already';
  if (sanitizerLibrary() === undefined) return 'needs g++ with libasan';
  if (nodeHeaders() === undefined) return 'needs the headers of Node beside its program';
  return undefined;
}

/** Compiles build/asan/piburn.node unless it is newer than its sources; returns its path. */
export function buildSanitizedAddon(): string {
  const files = readdirSync(sources).map((name) => join(sources, name));
  const newestMs = Math.max(...files.map((file) => statSync(file).mtimeMs));
  if (existsSync(addon) && statSync(addon).mtimeMs > newestMs) return addon;
  mkdirSync(dirname(addon), { recursive: true });
  const addonApi = dirname(createRequire(import.meta.url).resolve('node-addon-api'));
  const flags = '-std=c++17 -O1 -g -shared -fPIC -fno-exceptions -fno-rtti -Wall -Wextra -Werror'.split(' ');
  const checks = ['-fsanitize=address,undefined', '-fno-sanitize=vptr', '-fno-sanitize-recover=undefined'];
  const defines = ['NAPI_VERSION=8', 'NAPI_DISABLE_CPP_EXCEPTIONS', 'NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS'];
  const headers = ['-isystem', addonApi, '-isystem', nodeHeaders() ?? ''];
  const inputs = files.filter((file) => file.endsWith('.cc'));
  execFileSync(
    'g++',
    [...flags, ...checks, ...defines.map((name) => `-D${name}`), '-D_FILE_OFFSET_BITS=64', ...headers]
      .concat(inputs)
      .concat(['-o', addon]),
    { stdio: 'pipe' },
  );
  return addon;
}

/** The library has to be loaded before Node; Node itself leaks by design, so leaks are not looked for. */
export function sanitizerEnvironment(): NodeJS.ProcessEnv {
  const environment: NodeJS.ProcessEnv = {
    ...process.env,
    PIBURN_ASAN: '1',
    PIBURN_NATIVE: addon,
    LD_PRELOAD: sanitizerLibrary(),
    ASAN_OPTIONS: 'detect_leaks=0',
    UBSAN_OPTIONS: 'print_stacktrace=1',
  };
  delete environment.NODE_TEST_CONTEXT; // or the inner `node --test` would report to our runner
  return environment;
}

function sanitizerLibrary(): string | undefined {
  try {
    const path = execFileSync('g++', ['-print-file-name=libasan.so'], { encoding: 'utf8', stdio: 'pipe' }).trim();
    return existsSync(path) ? path : undefined;
  } catch {
    return undefined;
  }
}

function nodeHeaders(): string | undefined {
  const folder = join(dirname(dirname(process.execPath)), 'include', 'node');
  return existsSync(join(folder, 'node_api.h')) ? folder : undefined;
}
