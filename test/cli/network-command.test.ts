// What `piburn network` takes and refuses on the command line. What it finds is tested in test/network.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const command = fileURLToPath(new URL('../network/run-command.js', import.meta.url));

function network(...args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [command, 'network', ...args], (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
  });
}

/** Arguments, and what is said about them before a single packet leaves. */
const refused: readonly (readonly [args: readonly string[], words: RegExp])[] = [
  [['list', '--compact'], /OPTION_WITHOUT_EFFECT.*--compact.*--used/s],
  [['list', '--ip=10.1.1.0/24', '--interface=eth0'], /--ip.*cannot be used with.*--interface/s],
  [['list', '--used', '--json'], /--used.*cannot be used with.*--json/s],
  [['list', '--max=0'], /NUMBER.*--max/s],
  [['list', '--max=100000'], /NUMBER.*65536/s],
  [['list', '--timeout=soon'], /SECONDS.*--timeout/s],
  [['list', '--timeout=600'], /SECONDS.*60 s/s],
  [['list', '--ip=10.0.0.0/8'], /TOO_MANY_ADDRESSES.*--ip=10\.0\.0\.0\/20/s],
  [['list', '--interface=nothere0'], /NO_INTERFACE.*nothere0.*lo/s],
  [['address', 'eth0'], /too many arguments/],
];

describe('piburn network', { concurrency: 4 }, () => {
  for (const [args, words] of refused) {
    test(`network ${args.join(' ')} is refused`, async () => {
      const { code, stdout, stderr } = await network(...args);
      assert.notEqual(code, 0);
      assert.equal(stdout, '');
      assert.match(stderr, words);
    });
  }

  test('the own addresses are facts for programs too, loopback among them when all are wanted', async () => {
    const { code, stdout } = await network('--all', '--json');
    assert.equal(code, 0);
    const { type, version, interfaces } = JSON.parse(stdout);
    assert.deepEqual([type, version], ['network-addresses', 1]);
    const loopback = interfaces.find(({ kind }: { kind: string }) => kind === 'loopback');
    assert.equal(loopback.addresses[0].address, '127.0.0.1');
    assert.equal(loopback.addresses[0].prefixLength, 8);
  });

  test('the help of both commands says what they do', async () => {
    assert.match((await network('--help')).stdout, /address.*list/s);
    assert.match(
      (await network('list', '--help')).stdout,
      /--ip.*--interface.*--used.*--compact.*--nmap.*--timeout.*--max/s,
    );
  });
});
