// The XML of a bmap, as its elements: only their names and texts are known here, not what they mean. Whatever a bmap
// has no use for (a DTD, entities of one's own, deep nesting, long names) is refused, so that small files stay small.

import sax from 'sax';
import { broken } from './broken.js';

/** A range as it stands in the file; its numbers and digest are not checked against anything yet. */
export interface RangeElement {
  readonly firstBlock: number;
  readonly lastBlock: number;
  readonly digest?: string;
}

/** The attribute in which a version keeps the digest of a range. */
export type DigestAttribute = 'sha1' | 'chksum';

export interface Elements {
  readonly version: string;
  /** The elements in `<bmap>` that hold text: name → text, without the space around it. */
  readonly texts: ReadonlyMap<string, string>;
  /** Where the text of each of them begins: an index into the whole. */
  readonly starts: ReadonlyMap<string, number>;
  readonly ranges: readonly RangeElement[];
  readonly digestAttributes: ReadonlySet<DigestAttribute>;
}

const digestAttributes: readonly DigestAttribute[] = ['sha1', 'chksum'];
const maxRanges = 4_000_000;
const maxDepth = 8;
const maxAttributes = 16;
const maxElementText = 1024;
const maxTexts = 64;
/** sax looks at its limits once for each piece. */
const pieceLength = 32 * 1024;

/** @throws PiburnError `BMAP_BROKEN`. */
export function readElements(text: string, name: string): Elements {
  const parser = sax.parser(true, { position: true });
  const collector = new Collector(name, () => parser.position);
  parser.onerror = (error) => {
    throw broken(name, `line ${parser.line + 1}: ${error.message.split('\n', 1)[0]}`);
  };
  parser.ondoctype = parser.onsgmldeclaration = () => {
    throw broken(name, 'it has a document type, which no bmap has');
  };
  parser.onattribute = () => collector.attribute();
  parser.onopentag = (tag) => collector.open(tag);
  parser.ontext = (piece) => collector.text(piece);
  parser.oncdata = (piece) => collector.text(piece);
  parser.onclosetag = () => collector.close();
  for (let at = 0; at < text.length; at += pieceLength) parser.write(text.slice(at, at + pieceLength));
  parser.close();
  return collector.elements();
}

type Tag = Parameters<sax.SAXParser['onopentag']>[0];

/** An element that is open. */
interface Frame {
  readonly element: string;
  readonly digest: string | undefined;
  text: string;
  hasChildren: boolean;
}

class Collector {
  readonly #name: string;
  readonly #position: () => number;
  readonly #frames: Frame[] = [];
  readonly #texts = new Map<string, string>();
  readonly #starts = new Map<string, number>();
  readonly #ranges: RangeElement[] = [];
  readonly #digestAttributes = new Set<DigestAttribute>();
  #attributes = 0;
  #version: string | undefined;

  constructor(name: string, position: () => number) {
    this.#name = name;
    this.#position = position;
  }

  attribute(): void {
    if (++this.#attributes > maxAttributes) throw broken(this.#name, 'an element has too many attributes');
  }

  open(tag: Tag): void {
    this.#attributes = 0;
    const parent = this.#frames.at(-1);
    if (parent !== undefined) parent.hasChildren = true;
    const digest = this.#isRange(tag.name) ? this.#digestOf(tag) : undefined;
    this.#frames.push({ element: tag.name, digest, text: '', hasChildren: false });
    if (this.#frames.length > maxDepth) throw broken(this.#name, 'its elements are nested too deep');
    if (this.#frames.length === 1) this.#root(tag);
    if (this.#frames.length === 2) this.#begin(tag.name);
  }

  /** Whether an element of this name, opened now, is a range. */
  #isRange(element: string): boolean {
    return element === 'Range' && this.#frames.length === 2 && this.#frames[1]?.element === 'BlockMap';
  }

  #digestOf(tag: Tag): string | undefined {
    const attribute = digestAttributes.find((each) => Object.hasOwn(tag.attributes, each));
    const digest = attribute && attributeOf(tag, attribute);
    if (attribute === undefined || digest === undefined) return undefined;
    // Beside the check, this makes one string of what sax has put together from characters: a hundred times smaller.
    if (!/^[0-9A-Fa-f]+$/.test(digest)) throw broken(this.#name, `a ${attribute} is no digest`);
    this.#digestAttributes.add(attribute);
    return digest.toLowerCase();
  }

  #root(tag: Tag): void {
    if (tag.name !== 'bmap') throw broken(this.#name, `it is a <${tag.name.slice(0, 40)}>, not a <bmap>`);
    this.#version = attributeOf(tag, 'version') ?? '';
  }

  #begin(element: string): void {
    if (this.#starts.has(element)) throw broken(this.#name, `it has two ${element.slice(0, 40)}`);
    if (this.#starts.size >= maxTexts) throw broken(this.#name, 'it has too many elements');
    this.#starts.set(element, this.#position());
  }

  text(piece: string): void {
    const frame = this.#frames.at(-1);
    if (frame === undefined || piece.trim() === '') return;
    if (frame.text.length + piece.length > maxElementText) throw broken(this.#name, 'an element holds too much text');
    frame.text += piece;
  }

  close(): void {
    const frame = this.#frames.pop();
    if (frame === undefined) return;
    const text = frame.hasChildren ? '' : frame.text.trim();
    if (this.#isRange(frame.element)) this.#endRange(text, frame.digest);
    else if (this.#frames.length === 1) this.#texts.set(frame.element, text);
  }

  /** `7-9`, `7 - 9`, or `7` alone. */
  #endRange(text: string, digest: string | undefined): void {
    if (this.#ranges.length >= maxRanges) throw broken(this.#name, `it has more than ${maxRanges} ranges`);
    const [, first, last = first] = /^(\d{1,15})(?:\s*-\s*(\d{1,15}))?$/.exec(text) ?? [];
    if (first === undefined) throw broken(this.#name, `${JSON.stringify(text.slice(0, 40))} is no range of blocks`);
    const blocks = { firstBlock: Number(first), lastBlock: Number(last) };
    this.#ranges.push(digest === undefined ? blocks : { ...blocks, digest });
  }

  elements(): Elements {
    if (this.#version === undefined) throw broken(this.#name, 'it is empty');
    if (!this.#starts.has('BlockMap')) throw broken(this.#name, 'it has no BlockMap');
    return {
      version: this.#version,
      texts: this.#texts,
      starts: this.#starts,
      ranges: this.#ranges,
      digestAttributes: this.#digestAttributes,
    };
  }
}

function attributeOf(tag: Tag, attribute: string): string | undefined {
  const value = Object.hasOwn(tag.attributes, attribute) ? tag.attributes[attribute] : undefined;
  return typeof value === 'string' ? value : value?.value;
}
