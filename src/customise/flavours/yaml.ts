// YAML as cloud-init reads it. cloud-init ignores malformed YAML in silence, so what is written here is read
// back before it goes anywhere.

import { isDeepStrictEqual } from 'node:util';
import { parse, stringify } from 'yaml';
import { failure } from '../../errors.js';

export type YamlValue = string | boolean | number | null | readonly YamlValue[] | { readonly [key: string]: YamlValue };

/**
 * Every string in double quotes: a host called `on`, `1e3` or `0123` must stay a string, also for the YAML 1.1
 * reader (PyYAML) of cloud-init. Throws a failure `CUSTOMISE_SELFCHECK` if reading it back gives anything else.
 */
export function toYaml(value: YamlValue): string {
  const text = stringify(value, { defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN', lineWidth: 0 });
  const same = isDeepStrictEqual(parse(text, { version: '1.1' }), value);
  if (same) return text;
  throw failure('CUSTOMISE_SELFCHECK', 'The YAML made for this node does not read back as what it was made from.', {
    hint: 'This is a defect of piburn: please report it with the options that you used.',
  });
}
