// What an image is called: its file's name, as people read it, without what only says how it is packed.

const suffixes = /\.(img|iso|raw|wic|bin|xz|gz|bz2|zst|zip|7z|simg)$/i;

/** `2025-11-24-raspios-trixie-arm64-lite.img.xz` → `2025-11-24-raspios-trixie-arm64-lite`. */
export function withoutSuffix(fileName: string): string {
  let name = fileName;
  for (let cut = name.replace(suffixes, ''); cut !== name && cut !== ''; cut = name.replace(suffixes, '')) name = cut;
  return name;
}

/** What a URL writes as %41; text that is no such encoding is taken as it is. */
export function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Whether a word looks like the name of a file that holds an image. */
export const hasImageSuffix = (word: string): boolean => suffixes.test(word);
