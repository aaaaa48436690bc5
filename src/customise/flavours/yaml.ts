// YAML as cloud-init reads it. cloud-init ignores malformed YAML in silence, so what is written here is read
// back before it goes anywhere.

import { isDeepStrictEqual } from 'node:util';
import { Document, parse, visit } from 'yaml';
import { failure } from '../../errors.js';

export type YamlValue = string | boolean | number | null | readonly YamlValue[] | { readonly [key: string]: YamlValue };

/** Keys of cloud-init and netplan. Others, such as the name of a network, could be taken for a number or a boolean. */
const plainKey = /^(?!(?:y|n|yes|no|on|off|true|false|null|inf|nan)$)[a-z][a-z0-9_-]*$/;
/** Longer texts with line breaks, such as a script: shown as they are, if nothing in them can be misread. */
const plainText = /^[\x21-\x7e][\x20-\x7e\n]*\n$/;

/**
 * Every string in double quotes: a host called `on`, `1e3` or `0123` must stay a string, also for the YAML 1.1
 * reader (PyYAML) of cloud-init. Throws a failure `CUSTOMISE_SELFCHECK` if reading it back gives anything else.
 */
export function toYaml(value: YamlValue): string {
  const document = new Document(value, { aliasDuplicateObjects: false });
  visit(document, {
    Scalar(place, node) {
      if (typeof node.value !== 'string') return;
      if (place === 'key') node.type = plainKey.test(node.value) ? 'PLAIN' : 'QUOTE_DOUBLE';
      else node.type = plainText.test(node.value) ? 'BLOCK_LITERAL' : 'QUOTE_DOUBLE';
    },
  });
  const text = document.toString({ lineWidth: 0 });
  const same = isDeepStrictEqual(parse(text, { version: '1.1' }), value);
  if (same) return text;
  throw failure('CUSTOMISE_SELFCHECK', 'The YAML made for this node does not read back as what it was made from.', {
    hint: 'This is a defect of piburn: please report it with the options that you used.',
  });
}

/** The mapping in a text, as cloud-init reads it; undefined when it is none, or beyond what such a file is. */
export function readYamlMapping(text: string): Readonly<Record<string, YamlValue>> | undefined {
  if (text.length > maxTextLength || nestsTooDeep(text)) return undefined;
  try {
    const value: unknown = parse(text, { version: '1.1', logLevel: 'silent' });
    return isMapping(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const maxTextLength = 1024 * 1024;
const maxFlowLevels = 1000;

/**
 * The library calls itself for every level. Near the end of the stack V8 cannot compile a regular expression, which ends
 * the process and can be caught by nobody; so this is seen before.
 */
export function nestsTooDeep(text: string): boolean {
  if (/^[ ?:-]{400}/m.test(text)) return true;
  let levels = 0;
  // A script in it may be full of colours (\e[31m), which open nothing.
  for (const [bracket] of text.matchAll(/(?<!\\(?:033|e|x1b))[[{]|[\]}]/gi)) {
    levels = bracket === '[' || bracket === '{' ? levels + 1 : Math.max(0, levels - 1);
    if (levels > maxFlowLevels) return true;
  }
  return false;
}

const isMapping = (value: unknown): value is Readonly<Record<string, YamlValue>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && isYamlValue(value);

function isYamlValue(value: unknown): value is YamlValue {
  if (value === null || ['string', 'boolean', 'number'].includes(typeof value)) return true;
  if (Array.isArray(value)) return value.every(isYamlValue);
  return Object.getPrototypeOf(value) === Object.prototype && Object.values(value as object).every(isYamlValue);
}
