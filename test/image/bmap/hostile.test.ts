// Files that only look like bmaps, or lie: each is refused with its reason, soon, and none does anything else.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PiburnError } from '../../../src/errors.js';
import { parseBmap } from '../../../src/image/bmap/parse.js';
import { type Blocks, bmapOf, imageBytesOf, type Written, withCode } from './bmaps.js';

const ranges: readonly Blocks[] = [
  [0, 1],
  [3, 5],
  [12, 12],
  [98, 105],
  [198, 200],
];
const image = imageBytesOf(821_752, ranges);

const bomb = '<!DOCTYPE bmap [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>';

/** Changes of a good bmap, each with what the message must say. */
const lies: readonly (Written & {
  readonly name: string;
  readonly says: RegExp;
  readonly ranges?: readonly Blocks[];
})[] = [
  { name: 'an older version', version: '1.1', says: /version "1\.1" is not known/ },
  { name: 'a newer version', change: (text) => text.replace('"2.0"', '"3.0"'), says: /version "3\.0" is not known/ },
  { name: 'no version', change: (text) => text.replace(' version="2.0"', ''), says: /version "" is not known/ },
  {
    name: 'an unknown digest',
    change: (text) => text.replace('> sha256 <', '> crc32 <'),
    says: /type "crc32" is not known/,
  },
  {
    name: 'a digest called constructor',
    change: (text) => text.replace('> sha256 <', '> constructor <'),
    says: /not known/,
  },
  {
    name: 'no digest of its own',
    change: (text) => text.replace(/<BmapFileChecksum>.*/, ''),
    says: /has no BmapFileChecksum/,
  },
  {
    name: 'a short digest of its own',
    change: (text) => text.replace(/> 0{64} </, '> 00 <'),
    says: /no sha256 digest/,
  },
  { name: 'two image sizes', change: (text) => text.replace(/<ImageSize>.*/, '$&$&'), says: /two ImageSize/ },
  { name: 'no image size', change: (text) => text.replace(/<ImageSize>.*/, ''), says: /has no ImageSize/ },
  {
    name: 'an element in its image size',
    change: (text) => text.replace(' </ImageSize', '<x/></ImageSize'),
    says: /ImageSize is no whole/,
  },
  {
    name: 'an image size that is no number',
    change: (text) => text.replace('821752', '8e5'),
    says: /ImageSize is no whole number/,
  },
  {
    name: 'a size beyond 2^53',
    change: (text) => text.replace('821752', '9999999999999999'),
    says: /ImageSize is no whole number/,
  },
  { name: 'an image without bytes', change: (text) => text.replace('821752', '0'), says: /without bytes/ },
  { name: 'an odd block size', change: (text) => text.replace('> 4096 <', '> 1000 <'), says: /block size 1000/ },
  { name: 'a block size of 0', change: (text) => text.replace('> 4096 <', '> 0 <'), says: /block size 0/ },
  { name: 'a wrong number of blocks', change: (text) => text.replace('> 201 <', '> 200 <'), says: /are 201 blocks/ },
  {
    name: 'a wrong number of mapped blocks',
    change: (text) => text.replace('> 17 ', '> 18 '),
    says: /have 17 blocks, it says 18/,
  },
  {
    name: 'ranges that meet',
    ranges: [
      [0, 3],
      [3, 4],
    ],
    says: /range 3-4 lies before or in/,
  },
  {
    name: 'ranges that descend',
    ranges: [
      [5, 6],
      [0, 1],
    ],
    says: /range 0-1 lies before or in/,
  },
  {
    name: 'a range that ends before it begins',
    rangeText: (first) => `${first}-${first - 1}`,
    ranges: [[4, 5]],
    says: /range 4-3 is not in/,
  },
  {
    name: 'a range beyond the image',
    ranges: [
      [0, 1],
      [200, 201],
    ],
    says: /range 200-201 is not in the image/,
  },
  { name: 'a range that is none', rangeText: () => '0x10', says: /"0x10" is no range/ },
  { name: 'an empty range', rangeText: () => '', says: /"" is no range/ },
  { name: 'a negative range', rangeText: () => '-1', says: /"-1" is no range/ },
  { name: 'a huge block number', rangeText: () => '9999999999999999', says: /is no range/ },
  {
    name: 'a digest of another length',
    change: (text) => text.replace(/chksum="\w/, 'chksum="'),
    says: /digest that is no sha256/,
  },
  {
    name: 'a digest that is none',
    change: (text) => text.replace(/chksum="\w/, 'chksum="g'),
    says: /a chksum is no digest/,
  },
  {
    name: 'the attribute of another version',
    change: (text) => text.replace('chksum=', 'sha1='),
    says: /sha1 where chksum is due/,
  },
  { name: 'two block maps', change: (text) => text.replace('</bmap>', '<BlockMap/></bmap>'), says: /two BlockMap/ },
  { name: 'no block map', change: (text) => text.replaceAll('BlockMap', 'Blockmap'), says: /has no BlockMap/ },
  { name: 'a document type', change: (text) => text.replace('<bmap', '<!DOCTYPE bmap><bmap'), says: /document type/ },
  {
    name: 'an entity bomb',
    change: (text) => text.replace('<bmap', `${bomb}<bmap`).replace('821752', '&b;'),
    says: /document type/,
  },
  { name: 'an unknown entity', change: (text) => text.replace('821752', '&b;'), says: /Invalid character entity/ },
  { name: 'another root', change: (text) => text.replaceAll(/bmap(?=[ >])/g, 'html'), says: /a <html>, not a <bmap>/ },
  { name: 'a missing end', change: (text) => text.replace('</bmap>', ''), says: /line \d+: Unclosed root tag/ },
  {
    name: 'a wrong end tag',
    change: (text) => text.replace('</BlockMap>', '</bmap>'),
    says: /line \d+: Unexpected close tag/,
  },
  { name: 'text after its end', change: (text) => `${text}more`, says: /Text data outside of root node/ },
  { name: 'deep nesting', change: (text) => text.replace('</bmap>', '<a>'.repeat(1000)), says: /nested too deep/ },
  {
    name: 'many attributes',
    change: (text) =>
      text.replace('<BlockMap', `<BlockMap ${[...Array(5000).keys()].map((index) => `a${index}=""`).join(' ')}`),
    says: /too many attributes/,
  },
  {
    name: 'many elements',
    change: (text) => text.replace('</bmap>', [...Array(500).keys()].map((index) => `<e${index}/>`).join('')),
    says: /too many elements/,
  },
  {
    name: 'a long name',
    change: (text) => text.replace('</bmap>', `<${'a'.repeat(1_000_000)}`),
    says: /Max buffer length exceeded/,
  },
  {
    name: 'a long comment',
    change: (text) => text.replace('</bmap>', `<!--${'a'.repeat(1_000_000)}`),
    says: /Max buffer length exceeded/,
  },
  { name: 'a long text', change: (text) => text.replace('821752', '8'.repeat(1_000_000)), says: /too much text/ },
];

for (const { name, says, ranges: mapped = ranges, ...written } of lies) {
  test(`a bmap with ${name} is refused`, () => {
    const text = bmapOf(image, mapped, written);
    assert.throws(() => parseBmap(text, 'image.bmap'), withCode('BMAP_BROKEN', says));
  });
}

test('what is no bmap at all is refused', () => {
  for (const text of ['', ' ', 'hello', '\0\0\0\0', '<', '<bmap', '<bmap/>', '<html></html>', '{"bmap": 1}'])
    assert.throws(() => parseBmap(text, 'image.bmap'), withCode('BMAP_BROKEN', /image\.bmap is broken/), text);
  const long = () => parseBmap(' '.repeat(64 * 1024 * 1024 + 1), 'image.bmap');
  assert.throws(long, withCode('BMAP_BROKEN', /longer than 64 MiB/));
  const signed = `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n${bmapOf(image, ranges)}`;
  assert.throws(() => parseBmap(signed, 'image.bmap'), withCode('BMAP_BROKEN', /PGP signature/));
});

test('no damaged bmap does anything but be read or be refused', () => {
  const text = bmapOf(image, ranges, { version: '1.2' });
  const change = fc.record({
    at: fc.nat(text.length),
    remove: fc.nat(20),
    insert: fc.constantFrom(
      '',
      '<',
      '>',
      '</',
      '"',
      '&',
      '<![CDATA[',
      '-->',
      '\0',
      '0',
      '9'.repeat(20),
      '<Range>1</Range>',
      '\ud800',
    ),
  });
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      const damaged = changes.reduce(
        (now, { at, remove, insert }) => now.slice(0, at) + insert + now.slice(at + remove),
        text,
      );
      try {
        const bmap = parseBmap(damaged, 'image.bmap');
        assert.ok(bmap.mappedBlocks <= Math.ceil(bmap.imageBytes / bmap.blockBytes));
      } catch (error) {
        assert.ok(error instanceof PiburnError, String(error));
      }
    }),
    { numRuns: 500 },
  );
});
