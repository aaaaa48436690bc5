// How much memory a decoder may count on, from what machines say of themselves.

import assert from 'node:assert/strict';
import test from 'node:test';
import { availableMemoryBytes } from '../../../src/image/decode/memory-limit.js';

const gibibyte = 1024 ** 3;
const meminfo = 'MemTotal:        4194304 kB\nMemFree:          100000 kB\nMemAvailable:    2097152 kB\n';
const none = '9223372036854771712\n';
const v1 = '/sys/fs/cgroup/memory';

const cases: readonly (readonly [what: string, files: Readonly<Record<string, string>>, bytes: number])[] = [
  ['no groups at all', {}, 2 * gibibyte],
  [
    'version 2 without a limit',
    { '/proc/self/cgroup': '0::/a\n', '/sys/fs/cgroup/a/memory.max': 'max\n' },
    2 * gibibyte,
  ],
  ['version 2', { '/proc/self/cgroup': '0::/a/b\n', '/sys/fs/cgroup/a/b/memory.max': '536870912\n' }, gibibyte / 2],
  [
    'a limit above counts as well',
    {
      '/proc/self/cgroup': '0::/a/b\n',
      '/sys/fs/cgroup/a/memory.max': '1000\n',
      '/sys/fs/cgroup/a/b/memory.max': 'max\n',
    },
    1000,
  ],
  [
    'version 1 without a limit',
    { '/proc/self/cgroup': '4:memory:/a\n0::/\n', [`${v1}/a/memory.limit_in_bytes`]: none },
    2 * gibibyte,
  ],
  [
    'version 1, several controllers in one',
    {
      '/proc/self/cgroup': '5:pids:/p\n4:hugetlb,memory:/a/b\n0::/\n',
      [`${v1}/a/b/memory.limit_in_bytes`]: none,
      [`${v1}/a/memory.limit_in_bytes`]: '536870912\n',
    },
    gibibyte / 2,
  ],
  [
    'version 2, what others hold already',
    {
      '/proc/self/cgroup': '0::/a\n',
      '/sys/fs/cgroup/a/memory.max': '1000000\n',
      '/sys/fs/cgroup/a/memory.high': '800000\n',
      '/sys/fs/cgroup/a/memory.current': '600000\n',
      '/sys/fs/cgroup/a/memory.stat': 'anon 1\ninactive_file 100000\nactive_file 7\n',
    },
    300_000,
  ],
  [
    'version 1, what others hold already',
    {
      '/proc/self/cgroup': '4:memory:/a\n',
      [`${v1}/a/memory.limit_in_bytes`]: '1000000\n',
      [`${v1}/a/memory.usage_in_bytes`]: '900000\n',
      [`${v1}/a/memory.stat`]: 'inactive_file 5\ntotal_inactive_file 200000\n',
    },
    300_000,
  ],
  [
    'more than there is',
    { '/proc/self/cgroup': '0::/a\n', '/sys/fs/cgroup/a/memory.max': `${8 * gibibyte}\n` },
    2 * gibibyte,
  ],
];

for (const [what, files, bytes] of cases)
  test(`available memory: ${what}`, () => {
    const all: Readonly<Record<string, string>> = { '/proc/meminfo': meminfo, ...files };
    assert.equal(
      availableMemoryBytes((path) => all[path]),
      bytes,
    );
  });

test('this machine says something of itself', () => {
  assert.ok(availableMemoryBytes() > 0);
});
