// The known word that somebody may have meant: by what else it is called, or by what one's fingers do to it.

/** What people call a setting that has another name here. */
const synonyms: Readonly<Record<string, string>> = {
  address: 'ipaddr',
  devices: 'device',
  flavor: 'flavour',
  host: 'hostname',
  ipv6: 'ip6addr',
  ip6: 'ip6addr',
  key: 'sshkey',
  keyboard: 'keymap',
  keyfile: 'sshkey',
  language: 'locale',
  name: 'hostname',
  nameserver: 'dns',
  nameservers: 'dns',
  node: 'nodes',
  password: 'passwd',
  psk: 'wifipassword',
  router: 'gateway',
  tz: 'timezone',
  username: 'user',
  wifi: 'ssid',
};

/** The longest word that is compared: nobody mistypes more than that. */
const longestWord = 64;

/** The nearest of the known words; undefined when none is near. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const plain = plainly(word);
  if (plain === '' || plain.length > longestWord) return undefined;
  const synonym = Object.hasOwn(synonyms, plain) ? synonyms[plain] : undefined;
  if (synonym !== undefined && known.includes(synonym)) return synonym;
  const limit = Math.max(1, Math.floor(plain.length / 3));
  const [best] = known
    .map((candidate) => ({ candidate, edits: edits(plain, plainly(candidate)) }))
    .filter((each) => each.edits <= limit)
    .toSorted((a, b) => a.edits - b.edits);
  return best?.candidate;
}

const plainly = (word: string): string => word.toLowerCase().replace(/[-_\s]/g, '');

/** How many letters must be put in, taken out, replaced, or swapped with their neighbour (optimal string alignment). */
function edits(from: string, to: string): number {
  let before: number[] = [];
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const cost = from[i - 1] === to[j - 1] ? 0 : 1;
      const swapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      const ways = [at(next, j - 1) + 1, at(row, j) + 1, at(row, j - 1) + cost];
      next.push(Math.min(...ways, swapped ? at(before, j - 2) + 1 : Number.POSITIVE_INFINITY));
    }
    [before, row] = [row, next];
  }
  return at(row, to.length);
}

const at = (row: readonly number[], column: number): number => row[column] ?? Number.POSITIVE_INFINITY;
