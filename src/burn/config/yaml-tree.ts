// YAML as a tree of words with their lines. Every scalar is what was written (YAML 1.2.2, failsafe schema): a host
// called `on`, `0123` or `1e3` stays one. The library's messages can quote a line, and a line can be a password, so
// errors are put in our own words.

import { type ErrorCode, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { nestsTooDeep } from '../../customise/flavours/yaml.js';
import type { PiburnError } from '../../errors.js';
import { complaint, printable, type Source } from './text-file.js';

export type Tree = TextTree | ListTree | MapTree;

interface Weighed {
  /** Counted from 1; behind an alias, the line of its anchor. */
  readonly line: number;
  /** Values in it, those behind aliases counted each time. */
  readonly weight: number;
}

export interface TextTree extends Weighed {
  readonly kind: 'text';
  readonly text: string;
  /** Written without quotes. */
  readonly isPlain: boolean;
}

export interface ListTree extends Weighed {
  readonly kind: 'list';
  readonly items: readonly Tree[];
}

export interface MapTree extends Weighed {
  readonly kind: 'map';
  readonly entries: readonly TreeEntry[];
}

export interface TreeEntry {
  readonly key: string;
  /** The line of the key. */
  readonly line: number;
  readonly value: Tree;
}

const maxDepth = 16;
const maxValues = 200_000;

/**
 * The tree of a YAML document; undefined when it is empty.
 * @throws PiburnError (usage) for what is no YAML, more than one document, tags, merge keys, a key that is there twice,
 * and for more than 200,000 values with all aliases followed.
 */
export function parseYaml(text: string, source: Source): Tree | undefined {
  if (nestsTooDeep(text)) throw tooDeep(source, 1);
  const lines = new LineCounter();
  const document = parseDocument(text, {
    schema: 'failsafe',
    lineCounter: lines,
    prettyErrors: false,
    // The library compares each key with every other; `mapTree` does not.
    uniqueKeys: false,
    merge: false,
  });
  const lineAt = (offset: number): number => Math.max(1, lines.linePos(offset).line);
  const [trouble] = [...document.errors, ...document.warnings];
  if (trouble !== undefined) throw notYaml(source, lineAt(trouble.pos[0]), trouble.code);
  if (document.contents === null || isEmpty(document.contents)) return undefined;
  return new Planter(source, lineAt).plant(document.contents, 1, 0);
}

const isEmpty = (node: Node): boolean => isScalar(node) && node.type === 'PLAIN' && node.value === '';

/** Makes trees in the order of the document, so that an alias finds what came before it, and never itself. */
class Planter {
  readonly #source: Source;
  readonly #lineAt: (offset: number) => number;
  readonly #anchors = new Map<string, Tree>();

  constructor(source: Source, lineAt: (offset: number) => number) {
    this.#source = source;
    this.#lineAt = lineAt;
  }

  plant(node: Node | null, lineAbove: number, depth: number): Tree {
    const line = node?.range == null ? lineAbove : this.#lineAt(node.range[0]);
    if (depth > maxDepth) throw tooDeep(this.#source, line);
    if (node === null) return { kind: 'text', text: '', isPlain: true, line, weight: 1 };
    if (isAlias(node)) return this.#followed(node.source, line);
    if (node.tag !== undefined && !knownTags.has(node.tag)) throw notYaml(this.#source, line, 'TAG_RESOLVE_FAILED');
    const tree = this.#planted(node, line, depth);
    if (tree.weight > maxValues)
      throw this.#complain(line, `there are more than ${maxValues} values in it`, 'repeat less with aliases (*)');
    if ('anchor' in node && node.anchor !== undefined) this.#anchors.set(node.anchor, tree);
    return tree;
  }

  #planted(node: Node, line: number, depth: number): Tree {
    if (isSeq<Node | null>(node)) {
      const items = node.items.map((item) => this.plant(item, line, depth + 1));
      return { kind: 'list', items, line, weight: weightOf(items) };
    }
    if (isMap<Node | null, Node | null>(node)) {
      const entries = node.items.map(({ key, value }) => this.#entry(key, value, line, depth));
      this.#checkKeys(entries);
      return { kind: 'map', entries, line, weight: weightOf(entries.map(({ value }) => value)) };
    }
    const isPlain = isScalar(node) && node.type === 'PLAIN';
    return { kind: 'text', text: isScalar(node) ? String(node.value) : '', isPlain, line, weight: 1 };
  }

  #entry(key: Node | null, value: Node | null, lineAbove: number, depth: number): TreeEntry {
    const line = key?.range == null ? lineAbove : this.#lineAt(key.range[0]);
    if (!isScalar(key) || typeof key.value !== 'string' || key.value === '')
      throw this.#complain(line, 'a name is missing before the colon', 'write lines such as gateway: 10.1.1.1');
    if (key.value === '<<')
      throw this.#complain(line, 'merge keys (<<) are not understood', 'write what all nodes share at the top level');
    return { key: key.value, line, value: this.plant(value, line, depth + 1) };
  }

  #checkKeys(entries: readonly TreeEntry[]): void {
    const seen = new Map<string, number>();
    for (const { key, line } of entries) {
      const before = seen.get(key);
      if (before !== undefined)
        throw this.#complain(
          line,
          `${printable(key)} is there twice, first in line ${before}`,
          'remove one of the two',
        );
      seen.set(key, line);
    }
  }

  #followed(name: string, line: number): Tree {
    const tree = this.#anchors.get(name);
    if (tree !== undefined) return tree;
    throw this.#complain(
      line,
      "a '*' begins an alias, and there is no anchor (&) of its name before it",
      'put a value that begins with * into quotes',
    );
  }

  #complain(line: number, problem: string, hint: string): PiburnError {
    return complaint(this.#source, line, problem, hint);
  }
}

/** What YAML itself would say of the three kinds of nodes. */
const knownTags: ReadonlySet<string> = new Set(['str', 'seq', 'map'].map((name) => `tag:yaml.org,2002:${name}`));

const weightOf = (trees: readonly Tree[]): number => trees.reduce((sum, { weight }) => sum + weight, 1);

const indentation = 'indent the lines of one block alike, with spaces; put a value with ": " in it into quotes';

const troubles: Readonly<Partial<Record<ErrorCode, readonly [problem: string, hint: string]>>> = {
  TAB_AS_INDENT: ['a line is indented with a tab', 'indent with spaces: YAML allows no tabs there'],
  BAD_SCALAR_START: ['a value begins with a character that YAML keeps for itself', 'put the value into quotes'],
  BAD_DQ_ESCAPE: ['a \\ in double quotes begins no known escape', 'write \\\\, or use single quotes'],
  MISSING_CHAR: ['a quote, bracket or colon is missing here or above', 'close what was opened'],
  MULTIPLE_DOCS: ['a second document begins here', 'remove the line ---'],
  TAG_RESOLVE_FAILED: ["a '!' begins a tag, and tags are not understood", 'put a value that begins with ! into quotes'],
  BAD_DIRECTIVE: ["a '%' begins a directive that is not known", 'put a value that begins with % into quotes'],
  UNEXPECTED_TOKEN: [
    'there is something here that YAML does not expect',
    'put a value with quotes, brackets or commas in it into quotes',
  ],
  BLOCK_AS_IMPLICIT_KEY: ['this line has two colons, or the next one is indented wrongly', indentation],
  MULTILINE_IMPLICIT_KEY: ['this line has no colon', indentation],
  BAD_INDENT: ['this line is indented wrongly', indentation],
  RESOURCE_EXHAUSTION: ['there are too many levels', 'close the brackets that were opened'],
};

const tooDeep = (source: Source, line: number): PiburnError =>
  complaint(source, line, 'there are too many levels', 'see the README for an example');

function notYaml(source: Source, line: number, code: ErrorCode): PiburnError {
  const [problem, hint] = troubles[code] ?? [
    `this is no YAML (${code.toLowerCase().replaceAll('_', ' ')})`,
    indentation,
  ];
  return complaint(source, line, problem, hint);
}
