// The names under which the bmap of an image may lie beside it. bmaptool puts `.bmap` behind the image's name and takes
// suffixes off until it finds one; pi-gen and Yocto write `NAME.bmap` and `NAME.wic.bmap` beside `NAME.img.xz` and such.

const compressions = ['xz', 'gz', 'bz2', 'zst', 'zip', 'lz4', 'lzo', 'lzma', '7z'];
const images = ['img', 'raw', 'wic', 'iso', 'bin', 'dd', 'sdimg', 'rpi-sdimg', 'sdcard'];

/** The paths (or addresses) where a bmap may be, the likeliest first. Only known suffixes are taken off. */
export function bmapCandidates(imagePath: string): string[] {
  const unpacked = withoutSuffix(imagePath, compressions);
  const stems = [imagePath, unpacked, withoutSuffix(unpacked, images)];
  return [...new Set(stems)].map((stem) => `${stem}.bmap`);
}

/** A name that is nothing but a suffix stays as it is. */
function withoutSuffix(path: string, suffixes: readonly string[]): string {
  const suffix = suffixes.find((each) => path.toLowerCase().endsWith(`.${each}`));
  const stem = suffix === undefined ? path : path.slice(0, -suffix.length - 1);
  return stem === '' || stem.endsWith('/') ? path : stem;
}
