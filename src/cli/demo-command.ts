// `piburn demo` on the command line.

import type { AddCommands } from './add-commands.js';
import { demo } from './demo.js';

export const addDemo: AddCommands = (program, terminal, end) => {
  program
    .command('demo')
    .description('burn three virtual cards in a directory: no card, no root, no network')
    .option('--dir <dir>', 'where the card files go', 'piburn-demo')
    .action(async (flags: { dir: string }) => end(await demo(flags.dir, terminal)));
};
