// What burns the cards of the table: piburn, or something else in its place, to show that the table can be failed.

import { spawn } from 'node:child_process';
import { given } from '../../src/given.js';
import type { CardReport } from '../../src/protocol.js';
import type { FaultBench } from '../shim/faulty-run.js';
import { summaryOf } from '../shim/faulty-run.js';

/** What a burner says of one card. */
export interface CardVerdict {
  readonly good: boolean;
  /** A failure's code, or `good`. */
  readonly code: string;
  /** What it says of it; of a good card, how it was mended. */
  readonly says: string;
  /** Whether it claims that a Pi starts from the card. */
  readonly bootable: string;
  /** Where it went wrong, as a program reads it. */
  readonly offsetBytes?: number;
  /** A failure names the card, to programs and to the person, and has a hint. */
  readonly isTold: boolean;
}

/** Burns the image onto all cards at once, with these rules of the shim in force. */
export type Burner = (
  image: string,
  cards: readonly string[],
  rules: readonly string[],
  options: readonly string[],
) => Promise<readonly CardVerdict[]>;

/** The real command. */
export const piburn =
  (bench: FaultBench): Burner =>
  async (image, cards, rules, options) => {
    const ended = await bench.run(['burn', image, cards.join(','), ...options], rules);
    const summary = summaryOf(ended);
    return cards.map((path) => {
      const card = summary.cards.find(({ device }) => path.endsWith(device) || device.endsWith(path));
      if (card === undefined) throw new Error(`nothing was said of ${path}: ${ended.text}`);
      return {
        good: card.outcome === 'good',
        code: card.outcome === 'good' ? 'good' : (card.failure?.code ?? card.outcome),
        says: card.failure?.message ?? card.repairs.map(({ how }) => how).join(' '),
        bootable: card.bootable,
        isTold: card.failure === undefined || isTold(card, ended.text),
        ...given({ offsetBytes: card.failure?.offsetBytes }),
      };
    });
  };

const isTold = ({ device, failure }: CardReport, text: string): boolean =>
  failure?.device === device && failure.message.includes(device) && failure.hint !== undefined && text.includes(device);

/** What many people do instead: `dd oflag=direct conv=fsync`, one for each card, all at once. */
export const dd =
  (bench: FaultBench): Burner =>
  (image, cards, rules) =>
    Promise.all(cards.map((card) => runDd(bench, image, card, rules)));

function runDd(bench: FaultBench, image: string, card: string, rules: readonly string[]): Promise<CardVerdict> {
  const args = [`if=${image}`, `of=${card}`, 'bs=1M', 'oflag=direct', 'conv=fsync,notrunc'];
  const env = { ...process.env, LC_ALL: 'C', LD_PRELOAD: bench.shim, PIBURN_FAULTS: rules.join(';') };
  return new Promise((resolve, reject) => {
    const run = spawn('dd', args, { cwd: bench.directory, env, stdio: ['ignore', 'ignore', 'pipe'] });
    let says = '';
    run.stderr.setEncoding('utf8').on('data', (text: string) => {
      says += text;
    });
    run.once('error', reject);
    run.once('close', (code, signal) => {
      const good = code === 0;
      resolve({
        good,
        code: good ? 'good' : `${signal ?? code}`,
        says,
        bootable: good ? 'yes' : 'unknown',
        isTold: true,
      });
    });
  });
}
