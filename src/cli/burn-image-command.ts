// `piburn burn`: the image alone, onto every target.

import { shownSource } from '../image/resolve.js';
import { burn } from '../index.js';
import type { AddCommands } from './add-commands.js';
import { addBurnOptions, type BurnFlags, burnOptions, imageHelp, viewOf } from './burn-command.js';
import { recordsPlace } from './person.js';
import { present } from './present.js';

export const addBurn: AddCommands = (program, terminal, end) => {
  const command = program
    .command('burn')
    .description('burn an image, as it is, onto every target')
    .argument('<image>', imageHelp)
    .argument('[devices]', 'targets: /dev/sda,/dev/sdb or /dev/sd[a-f] (DEV)');
  addBurnOptions(command).action(async (image: string, devices: string | undefined, flags: BurnFlags) => {
    if (flags.json) terminal.out = process.stderr;
    const place = recordsPlace(flags.store, process.env);
    const live = { command: 'burn', image: shownSource(image), place } as const;
    end(await present(() => burn(burnOptions(image, devices, flags, terminal)), { ...viewOf(flags), live }, terminal));
  });
};
