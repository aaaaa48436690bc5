// Looks into YAML that others may have written: whatever is not of the kind that is asked for is not there.

import type { YamlValue } from '../flavours/yaml.js';

export type YamlMapping = { readonly [key: string]: YamlValue };

export const asMapping = (value: YamlValue | undefined): YamlMapping | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as YamlMapping) : undefined;

export const mappingAt = (value: YamlValue | undefined, key: string): YamlMapping | undefined =>
  asMapping(asMapping(value)?.[key]);

export const textAt = (value: YamlValue | undefined, key: string): string | undefined => {
  const found = asMapping(value)?.[key];
  return typeof found === 'string' ? found : undefined;
};

export const stringsIn = (value: YamlValue | undefined): string[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];

/** The entries of a mapping whose values are mappings. */
export const entriesOf = (value: YamlMapping | undefined): [string, YamlMapping][] =>
  Object.entries(value ?? {}).flatMap(([key, item]) => {
    const mapping = asMapping(item);
    return mapping === undefined ? [] : [[key, mapping]];
  });
