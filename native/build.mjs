// Compiles the addon when npm installs piburn: quiet when all is well, everything when it is not.
// Nothing is done when build/Release/piburn.node is newer than its sources and loads; --force compiles anyway.

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const sources = dirname(fileURLToPath(import.meta.url));
const root = dirname(sources);
const addon = join(root, 'build', 'Release', 'piburn.node');

if (process.argv.includes('--force') || !isUpToDate()) build();

function build() {
  const gyp = require.resolve('node-gyp/bin/node-gyp.js');
  const result = spawnSync(process.execPath, [gyp, 'rebuild', ...headerOptions()], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (result.status === 0) return;
  process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}${result.error ?? ''}\n`);
  process.stderr.write(
    'piburn: its native addon could not be compiled; the reason is above. It needs a C++17 compiler, make and Python 3\n' +
      '(Debian, Raspberry Pi OS: sudo apt install g++ make python3) and the headers of Node: libnode-dev for the Node of\n' +
      'Debian; the packages of NodeSource and nodejs.org contain them. Then: npm rebuild\n',
  );
  process.exitCode = 1;
}

/** The headers beside the running Node, where there are any, save node-gyp a download. */
function headerOptions() {
  const nodeRoot = dirname(dirname(process.execPath));
  return existsSync(join(nodeRoot, 'include', 'node', 'node_api.h')) ? [`--nodedir=${nodeRoot}`] : [];
}

function isUpToDate() {
  if (!existsSync(addon)) return false;
  const inputs = [join(root, 'binding.gyp'), ...readdirSync(sources).map((name) => join(sources, name))];
  const builtMs = statSync(addon).mtimeMs;
  return inputs.every((path) => statSync(path).mtimeMs <= builtMs) && loads();
}

/** In its own process: an addon of another architecture or a broken one must not take us down. */
function loads() {
  return spawnSync(process.execPath, ['-e', `require(${JSON.stringify(addon)})`]).status === 0;
}
