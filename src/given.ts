// Optional fields without their undefined ones: `exactOptionalPropertyTypes` tells an absent field from an undefined one,
// and so do JSON and structured clones.

/** The fields that have a value. */
export function given<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const present = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(present) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
