// FAULTS.md, made of the rows and the counts.

import { type Count, counts } from './counts.js';
import { type FaultRow, faultRows, othersAreGood, type Where } from './rows.js';

/** The whole text of FAULTS.md. */
export function faultsPage(): string {
  const used = (['program', 'kernel', 'hub'] as const).filter((where) => faultRows.some((row) => row.where === where));
  return `${[intro, ...used.map(section), countsText(counts), limits].join('\n\n')}\n`;
}

const intro = `# Faults on purpose

<!-- Made by \`node dist/test/faults/write-table.js\` from test/faults: change it there. A test holds both together. -->

Cards lie, break, hang and lose power. This page lists the faults that piburn's tests make on purpose, what piburn says of
each, and what becomes of the card that is struck and of those beside it. Every row is a test.

- **whole**: every byte of the image is there, read back, and a Pi starts from the card.
- **blank**: the card has no partition table. Nothing on it starts, nothing mounts.
- **untouched**: the card is as it was before.
- **unknown**: the card took no more writes, so nobody can say. piburn says that it cannot.
- **wrong, and called good**: what you get when you leave verifying out, or when a card loses data after it was read back.`;

function section(where: Where): string {
  const rows = faultRows.filter((row) => row.where === where);
  const head = ['fault', 'piburn says', 'that card', 'the others'];
  const lines = [head, head.map(() => '---'), ...rows.map(cellsOf)].map((cells) => `| ${cells.join(' | ')} |`);
  return [`## ${titles[where]}`, '', about[where], '', ...lines].join('\n');
}

const titles: Readonly<Record<Where, string>> = {
  program: 'Faults under the program',
  kernel: 'Faults under the kernel',
  hub: 'Faults of a USB hub',
};

const about: Readonly<Record<Where, string>> = {
  program:
    'A library between piburn and its files makes these (`npm test -- faults/rows`). It needs no root. The cards are files: several are struck at once, each by a fault of its own, beside two that nothing strikes.',
  kernel:
    'A simulated card (FUSE) below a loop device makes these (`npm test -- faults/kernel`); it needs root. Three cards are burned at once, and one of them is struck.',
  hub: 'A virtual machine with six USB card readers behind a hub makes these (`npm run test:vm`); it needs root and some minutes, so it is not part of `npm test`. Several are struck in one run.',
};

const cellsOf = ({ fault, code, says, card, others, options }: FaultRow): string[] =>
  [
    options === undefined || fault.includes(options[0] ?? '') ? fault : `${fault} (\`${options.join(' ')}\`)`,
    saysText(code, says),
    card,
    others ?? othersAreGood,
  ].map((cell) => cell.replaceAll('|', '\\|'));

/** A mended card is good, and the summary tells what was mended. */
function saysText(code: string, says: string): string {
  if (code !== 'good') return `\`${code}\`: … ${says} …`;
  return says === '' ? 'good' : `good, ${says}`;
}

function countsText(all: readonly Count[]): string {
  const lines = all.map(({ what, tried, repeat }) => `| ${what} | ${tried} | \`${repeat}\` |`);
  return ['## How much is tried', '', '| what | how much | again with |', '| --- | --- | --- |', ...lines].join('\n');
}

const limits = `## What this does not show

The cards of the first table are files, and a library plays the faults. Real cards have more ways to fail than are listed, and
a card that reads back right today may lose data next year. Power cuts are modelled: what was flushed lasts, everything else
may arrive or not, in any order, 4 KiB at a time. A card that lies about flushing can still lose what it had in its own cache when it
loses power within moments of the end of a burn.`;
