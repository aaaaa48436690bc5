// Bundles the command: dist/piburn has what dist/src has, in few files. A run that loads five hundred modules one by one
// spends longer on that than on burning a small image. The library (dist/src/index.js) and the tests stay as tsc makes them.

import { rmSync } from 'node:fs';
import { build } from 'esbuild';

/** Every module that a process or thread is started with, and code-root.ts, which must lie at the top. */
const entries = ['src/cli/main.ts', 'src/cli/keep-dnsmasq.ts', 'src/**/*worker.ts', 'src/code-root.ts'];

/** Native, or read their own files by path, or large and seldom needed. */
const external = ['ext2fs', 'lzma-native', 'piscina', 'undici', 'xxhash-addon'];

/** For packages in CommonJS, which want to load modules of Node. */
const banner =
  "import { createRequire as bundleRequire } from 'node:module'; const require = bundleRequire(import.meta.url);";

const outdir = 'dist/piburn';
rmSync(outdir, { recursive: true, force: true });
await build({
  entryPoints: entries,
  external,
  outdir,
  outbase: 'src',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.18',
  banner: { js: banner },
  sourcemap: true,
  logLevel: 'warning',
});
