// Reading what is in a file as what it should be: known fields with values of their kinds. The lists of fields follow
// the types, so that a field that is added to a type does not compile until it is read here too.

/** The value, when it is one; else undefined. */
export type Reader<T> = (value: unknown) => T | undefined;

const maxTextCharacters = 64 * 1024;
const maxListItems = 100_000;

export const text: Reader<string> = (value) =>
  typeof value === 'string' && value.length <= maxTextCharacters ? value : undefined;

/** A number that can be an amount of something. */
export const amount: Reader<number> = (value) =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;

export const flag: Reader<boolean> = (value) => (typeof value === 'boolean' ? value : undefined);

/** A time in ISO 8601. */
export const time: Reader<string> = (value) =>
  typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) && !Number.isNaN(Date.parse(value)) ? value : undefined;

export const oneOf =
  <T extends string | number>(...known: readonly T[]): Reader<T> =>
  (value) =>
    known.find((one) => one === value);

/** A list is only as good as each of its items. */
export const listOf =
  <T>(read: Reader<T>): Reader<readonly T[]> =>
  (value) => {
    if (!Array.isArray(value) || value.length > maxListItems) return undefined;
    const items = value.map((item: unknown) => read(item)).filter((item) => item !== undefined);
    return items.length === value.length ? items : undefined;
  };

type OptionalName<T> = { [N in keyof T]-?: Partial<Pick<T, N>> extends Pick<T, N> ? N : never }[keyof T];
type Needed<T> = { readonly [N in Exclude<keyof T, OptionalName<T>>]: Reader<T[N]> };
type Optional<T> = { readonly [N in OptionalName<T>]: Reader<Exclude<T[N], undefined>> };

/** An object with at least the required fields; an optional field with a wrong value counts as absent. */
export function shape<T extends object>(required: Needed<T>, optional: Optional<T>): Reader<T> {
  const must = Object.entries<Reader<unknown>>(required);
  const may = Object.entries<Reader<unknown>>(optional);
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    const given: Readonly<Record<string, unknown>> = { ...value };
    const read = ([name, reader]: readonly [string, Reader<unknown>]) => [name, reader(given[name])] as const;
    const needed = must.map(read);
    if (needed.some(([, field]) => field === undefined)) return undefined;
    // Each field has just been read as the type says.
    return Object.fromEntries([...needed, ...may.map(read).filter(([, field]) => field !== undefined)]) as T;
  };
}
