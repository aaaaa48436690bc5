// What an image is called: its file's name without what only says how it is packed.

const suffixes = /\.(img|iso|raw|wic|bin|xz|gz|bz2|zst|zip|7z|simg)$/i;

/** `2025-11-24-raspios-trixie-arm64-lite.img.xz` → `2025-11-24-raspios-trixie-arm64-lite`. */
export function withoutSuffix(fileName: string): string {
  let name = fileName;
  for (let cut = name.replace(suffixes, ''); cut !== name && cut !== ''; cut = name.replace(suffixes, '')) name = cut;
  return name;
}

/** Whether a word looks like the name of a file that holds an image. */
export const hasImageSuffix = (word: string): boolean => suffixes.test(word);
