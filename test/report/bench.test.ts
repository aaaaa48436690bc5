// A bench in a table, in a picture, in the line that is redrawn, and in the question before it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import sax from 'sax';
import type { BenchResult, BenchSample } from '../../src/protocol/bench.js';
import { renderBenchSvg } from '../../src/report/bench-svg.js';
import { renderBench } from '../../src/report/bench-table.js';
import { renderBenchProgress, renderBenchQuestion } from '../../src/report/bench-words.js';
import { displayWidth } from '../../src/report/width.js';
import { benchMeasure, benchReader, sampleBench } from './bench-sample.js';
import { assertHarmless } from './hostile.js';

const plain = { columns: Number.POSITIVE_INFINITY, color: false };
const hostile = '/dev/\u001b[31m<s&d>"\'\u202e\n';
const amount = fc.oneof(
  fc.double({ min: 0, max: 1e7, noNaN: true }),
  fc.constantFrom(0, -1, Number.NaN, Number.POSITIVE_INFINITY, 1e300),
);
const part = fc.constantFrom('alone', 'blocks', 'buffered', 'together');

/** Measures of any speed and readers with any name, also of readers that are none. */
const anyBench: fc.Arbitrary<BenchResult> = fc
  .array(fc.tuple(part, fc.constantFrom('write', 'read'), fc.array(fc.nat(3), { maxLength: 4 }), amount), {
    maxLength: 12,
  })
  .map((steps) => ({
    ...sampleBench,
    readers: [benchReader(hostile), benchReader('/dev/sdb'), benchReader('漢字.img', { direct: false })],
    measures: steps.map(([each, operation, readers, speed]) => benchMeasure({ part: each, operation }, readers, speed)),
  }));

test('the table has a row for each thing measured, and what several do of the sum of each alone', () => {
  const text = renderBench(sampleBench, plain);
  assert.deepEqual(text.split('\n').slice(0, 7), [
    '                            Write  Share   Read  Share  CPU',
    'Measured                     MB/s      %   MB/s      %    %',
    '/dev/sda alone               20.0          80.0           5',
    '/dev/sdb alone               30.0          90.0           5',
    '/dev/sda, blocks of 64K       9.0          40.0           5',
    '/dev/sda, without O_DIRECT   19.0          82.0           5',
    '2 together                   40.0     80  170.0    100    5',
  ]);
  assert.match(text, /128 MB of each, .*measured in 1 min 1 s\.\n/);
});

test('what was only read has no column for writing, and a step in which a card failed no row', () => {
  const reading = sampleBench.measures.filter(({ operation }) => operation === 'read');
  const spoilt = benchMeasure({ part: 'together', operation: 'read', failed: [2] }, [0, 1, 2], 200);
  const text = renderBench({ ...sampleBench, readOnly: true, measures: [...reading, spoilt] }, plain);
  assert.doesNotMatch(text, /Write|3 together/);
});

test('of what was measured again with other readers, the last is told', () => {
  const again = (['write', 'read'] as const).map((operation) =>
    benchMeasure({ part: 'together', operation }, [0, 2], 7),
  );
  const text = renderBench({ ...sampleBench, measures: [...sampleBench.measures, ...again] }, plain);
  assert.match(text, /^2 together +7\.0 +7\.0 +5$/m);
});

test('a card that lies, one without O_DIRECT and a stop are told', () => {
  const readers = [
    benchReader('/dev/sda', { wrong: { blocks: 3, firstBytes: 8_388_608 } }),
    benchReader('b.img', { direct: false }),
  ];
  const text = renderBench({ ...sampleBench, readers, interrupted: true }, plain);
  assert.match(
    text,
    /^\/dev\/sda gave back 3 blocks of 4 KiB that are not what was written, the first at byte 8388608/m,
  );
  assert.match(text, /^No O_DIRECT on the file system of b\.img/m);
  assert.match(text, /^It was stopped/m);
});

test('on a narrow terminal columns fall away, and nothing is wider than it', () => {
  const narrow = renderBench(sampleBench, { columns: 45, color: false }).split('\n').slice(0, 7);
  assert.ok(narrow.every((line) => displayWidth(line) <= 45));
  assert.ok(narrow.every((line) => !line.includes('Share')) && narrow[1]?.includes('Measured'));
});

test('no name and no number can break the table or the picture', () => {
  fc.assert(
    fc.property(anyBench, fc.integer({ min: 10, max: 120 }), (result, columns) => {
      for (const line of renderBench(result, { columns, color: false }).split('\n')) assertHarmless(line);
      const svg = renderBenchSvg(result, { title: hostile, subtitle: hostile });
      sax.parser(true).write(svg).close();
      assert.doesNotMatch(svg, /NaN|Infinity|undefined/);
    }),
    { numRuns: 60 },
  );
});

test('the picture has a curve for each operation, over readers and over block sizes', () => {
  const svg = renderBenchSvg(sampleBench, { title: 'Reader', subtitle: 'today' });
  const paths: string[] = [];
  const labels: string[] = [];
  const parser = sax.parser(true);
  parser.onopentag = ({ name, attributes }) => name === 'path' && paths.push(String(attributes['class']));
  parser.ontext = (text) => labels.push(text);
  parser.write(svg).close();
  const counted = (name: string) => paths.filter((each) => each === name).length;
  assert.deepEqual(['write', 'read', 'write-alone', 'read-alone'].map(counted), [3, 3, 2, 1], 'with those of the key');
  assert.ok(['readers at once', '1', '2', '64K', '4M', 'speed (MB/s)'].every((label) => labels.includes(label)));
});

const sample: BenchSample = {
  ...{ part: 'together', operation: 'write', blockBytes: 4_194_304, direct: true, paths: ['/dev/sda', '/dev/sdb'] },
  ...{ stepsDone: 5, stepsTotal: 20, doneBytes: 40e6, stepMs: 1000, elapsedMs: 12_000, remainingMs: 30_000 },
};

test('the line that is redrawn says what is measured, how fast, and how long it takes', () => {
  const line = renderBenchProgress(sample, { columns: 120, ascii: true });
  assert.match(line, /12 s {2}#####\.{15} {2}ETA 30 s {2}writing 2 together {2}40\.0 MB\/s$/);
  const one = { ...sample, part: 'blocks', blockBytes: 65_536, paths: [hostile] } as const;
  for (const columns of [20, 60, 100]) {
    const text = renderBenchProgress(one, { columns });
    assertHarmless(text);
    assert.ok(displayWidth(text) <= columns);
  }
});

test('the question names what will be lost, and only that', () => {
  const target = { kind: 'block', fresh: false, transport: 'usb', removable: true, mountpoints: [] } as const;
  const question = renderBenchQuestion([
    { ...target, path: '/dev/sda', sizeBytes: 32e9, model: 'Reader', content: 'dos table: bootfs (vfat)' },
    { ...target, path: '/dev/sdb', model: 'Reader', content: 'ext4', mountpoints: ['/media/pi/x'] },
    { ...target, path: 'new.img', kind: 'file', fresh: true, model: 'file', content: 'empty' },
  ]);
  assert.match(question, /^\/dev\/sda: Reader \(usb\), 32\.0 GB\n {2}now on it: dos table: bootfs \(vfat\)\n/);
  assert.match(question, /mounted at \/media\/pi\/x: will be unmounted\n1 new file beside, removed afterwards\n/);
  assert.match(question, /Everything on these 2 will be lost\. Go on\? \[y\/N\] $/);
  assert.doesNotMatch(question, /new\.img/);
});
