// File names on FAT: which are allowed, when two are the same, and the 8.3 name that every file has besides its long
// one (fatgen103, "FAT Long Directory Entries").

import { failure } from '../../errors.js';
import { decodeOem } from './oem.js';

/** Upper bound of a long name, in UTF-16 units. */
const maxNameUnits = 255;

/** The two bits of byte 12 by which Windows NT and Linux show an upper-case 8.3 name in lower case. */
const lowerBase = 0x08;
const lowerExtension = 0x10;

/** An 8.3 name as it is stored: eight and three bytes, padded with spaces. */
export interface ShortName {
  readonly bytes: Uint8Array;
  readonly caseFlags: number;
}

/** Throws FAT_NAME for a name that a new file may not have. */
export function checkName(name: string): void {
  const fault = nameFault(name);
  if (fault === undefined) return;
  throw failure('FAT_NAME', `A file on the boot partition cannot be named ${JSON.stringify(name)}: ${fault}.`, {
    hint: 'Use letters, digits, dots, dashes and underscores.',
  });
}

/** Whether a long name found on a volume may be shown; a hostile one could hold slashes or terminal codes. */
export const isShowable = (name: string): boolean => name !== '' && !forbidden.test(name);

/** Two names that FAT does not tell apart get the same key. */
export function nameKey(name: string): string {
  if (isAscii(name)) return name.toUpperCase();
  // Neither `ß` (two letters in upper case) nor `ı` (an ASCII one) is the same name as its upper case.
  return Array.from(name, (character) => {
    const upper = character.toUpperCase();
    return upper.length === character.length && isAscii(upper) === isAscii(character) ? upper : character;
  }).join('');
}

/** The stored form of a name that needs no long entry, or undefined where it needs one. */
export function plainShortName(name: string): ShortName | undefined {
  const match = plainPattern.exec(name);
  const base = match?.[1];
  const extension = match?.[2] ?? '';
  if (base === undefined || isMixedCase(base) || isMixedCase(extension)) return undefined;
  const caseFlags = (/[a-z]/.test(base) ? lowerBase : 0) | (/[a-z]/.test(extension) ? lowerExtension : 0);
  return { bytes: pack(base.toUpperCase(), extension.toUpperCase()), caseFlags };
}

/**
 * An 8.3 name for a file with a long name: the same letters where they fit, else `NAME~1.EXT`, counted up until
 * `isTaken` says no to the name as it is shown; it ends because a directory has no more than 65,536 files.
 */
export function shortAlias(name: string, isTaken: (shown: string) => boolean): ShortName {
  const stripped = name.replaceAll(' ', '').replace(/^\.+/, '');
  const dot = stripped.lastIndexOf('.');
  const base = aliasPart(dot < 0 ? stripped : stripped.slice(0, dot));
  const extension = aliasPart(dot < 0 ? '' : stripped.slice(dot + 1)).slice(0, 3);
  const asItIs = name.toUpperCase() === (extension === '' ? base : `${base}.${extension}`);
  for (let count = asItIs && base.length <= 8 ? 0 : 1; ; count++) {
    const tail = count === 0 ? '' : `~${count}`;
    const bytes = pack(base.slice(0, 8 - tail.length) + tail, extension);
    if (!isTaken(showShortName(bytes, 0))) return { bytes, caseFlags: 0 };
  }
}

/** The text of a stored 8.3 name. */
export function showShortName(bytes: Uint8Array, caseFlags: number): string {
  const stored = Uint8Array.from(bytes);
  // A first byte of 0xe5 would mark the slot as deleted, so names that begin with it are stored with 0x05.
  if (stored[0] === 0x05) stored[0] = 0xe5;
  const base = decodeOem(stored.subarray(0, 8)).trimEnd();
  const extension = decodeOem(stored.subarray(8, 11)).trimEnd();
  const shownBase = caseFlags & lowerBase ? base.toLowerCase() : base;
  const shownExtension = caseFlags & lowerExtension ? extension.toLowerCase() : extension;
  return shownExtension === '' ? shownBase : `${shownBase}.${shownExtension}`;
}

/** The checksum over an 8.3 name that ties long entries to it. */
export const shortNameChecksum = (bytes: Uint8Array): number =>
  bytes.reduce((sum, byte) => (((sum & 1) << 7) + (sum >>> 1) + byte) & 0xff, 0);

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what no name may hold
const forbidden = /[\u0000-\u001f\u007f-\u009f"*/:<>?\\|]/;
const aliasForbidden = /[^A-Za-z0-9$%'\-_@~`!(){}^#&]/gu;
const plainPattern = /^([A-Za-z0-9$%'\-_@~`!(){}^#&]{1,8})(?:\.([A-Za-z0-9$%'\-_@~`!(){}^#&]{1,3}))?$/;

function nameFault(name: string): string | undefined {
  if (name === '') return 'it is empty';
  if (name.length > maxNameUnits) return `it is longer than ${maxNameUnits} characters`;
  if (forbidden.test(name)) return 'it holds a control character or one of " * / : < > ? \\ |';
  if (/\p{Surrogate}/u.test(name)) return 'it holds half of a Unicode character';
  if (/[. ]$/.test(name)) return 'it ends with a dot or a space';
  return undefined;
}

const isMixedCase = (part: string): boolean => /[a-z]/.test(part) && /[A-Z]/.test(part);

const isAscii = (text: string): boolean => !/[\u0080-\uffff]/.test(text);

/** Upper case without inner dots, `_` for what no 8.3 name may hold. */
const aliasPart = (part: string): string => part.replaceAll('.', '').replaceAll(aliasForbidden, '_').toUpperCase();

function pack(base: string, extension: string): Uint8Array {
  const text = base.padEnd(8) + extension.padEnd(3);
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
