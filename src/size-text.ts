// Sizes as cards are sold and as programs count, side by side: `31.9 GB/29.7 GiB`.

const decimalUnits = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB'];
const binaryUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];

/** A number of bytes in powers of 1000 and of 1024, three significant digits each; below 1000 the number itself. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return `${inUnits(bytes, 1000, decimalUnits)}/${inUnits(bytes, 1024, binaryUnits)}`;
}

function inUnits(bytes: number, step: number, units: readonly string[]): string {
  let value = bytes;
  let unit = 0;
  // 999.5 and more would round to a fourth digit.
  while (value >= 999.5 && unit < units.length - 1) {
    value /= step;
    unit++;
  }
  return `${value.toPrecision(3)} ${units[unit]}`;
}
