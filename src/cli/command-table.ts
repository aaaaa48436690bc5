// The commands by name: what `piburn --help` says of each, and where it is found. A command is loaded when it is called;
// the others would only keep it waiting. test/cli/status-command.test.ts holds this table to the commands themselves.

import type { AddCommands } from './add-commands.js';

export interface CommandGroup {
  /** As commander takes them: the name, with `[options]` where it has some of its own, and its arguments. */
  readonly commands: readonly (readonly [usage: string, description: string])[];
  /** Adds all of them. */
  readonly load: () => Promise<AddCommands>;
}

/** In the order of the help. */
export const commandGroups: readonly CommandGroup[] = [
  {
    commands: [['create [options]', 'burn an image onto cards, giving each its own name, address, user and key']],
    load: async () => (await import('./create-command.js')).addCreate,
  },
  {
    commands: [['burn [options] <image> [devices]', 'burn an image, as it is, onto every target']],
    load: async () => (await import('./burn-image-command.js')).addBurn,
  },
  {
    commands: [
      ['status [options] [run]', 'show the runs that go on, or how the last one ended'],
      ['stop [options] [run]', 'stop a run that goes on: every card ends at its next segment'],
    ],
    load: async () => (await import('./status-command.js')).addStatusCommands,
  },
  {
    commands: [['image', 'find, fetch, check and remove images']],
    load: async () => (await import('./image-command.js')).addImageCommands,
  },
  {
    commands: [['store', 'where images are kept']],
    load: async () => (await import('./store-command.js')).addStoreCommands,
  },
  {
    commands: [['history [options]', 'list the cards that were burned, and those that failed again and again']],
    load: async () => (await import('./history-command.js')).addHistoryCommand,
  },
  {
    commands: [
      ['info [options] [device]', 'list card readers, cards and disks, and which of them `create` would take'],
      ['detect [options]', 'find out which card reader is which, as they are unplugged and plugged in'],
      ['slots [options]', 'list the slots of card readers, give them names, or find one'],
    ],
    load: async () => (await import('./disk-commands.js')).addDiskCommands,
  },
  {
    commands: [
      ['probe [options] [device]', 'find out what a card really holds and how fast it is; erases it'],
      ['format [options] [device]', 'make a card empty: one partition with FAT32 or exFAT; erases it'],
      ['eject [options] [devices...]', 'write out what is still in memory, and eject cards'],
    ],
    load: async () => (await import('./medium-commands.js')).addMediumCommands,
  },
  {
    commands: [['bench [options]', 'measure how fast readers are, alone and together; erases their cards']],
    load: async () => (await import('./bench-command.js')).addBenchCommand,
  },
  {
    commands: [
      ['check [options] [target]', 'say what a card is, and whether it is as a report says'],
      ['ls [options] [place]', 'list files on the boot partition or the root of a card'],
      ['cat [options] <place>', 'write a file of a card to standard output'],
      ['set', 'change one setting of a card: host, ip or key'],
      ['enable', 'turn something on: ssh'],
      ['wifi [options] <ssid> [password] [target]', 'give a card a Wi-Fi network to join'],
      ['mount [options] [device] [mountpoint]', "mount a card's root with its boot partition (needs root)"],
      ['unmount [options] [target]', 'unmount everything of a card (needs root)'],
    ],
    load: async () => (await import('./card-commands.js')).addCardCommands,
  },
  {
    commands: [['network', "this machine's addresses, and who is on its network"]],
    load: async () => (await import('./network-command.js')).addNetworkCommands,
  },
  {
    commands: [['bridge', 'have this machine feed the cluster: addresses, names, internet']],
    load: async () => {
      const [{ addBridgeCommands }, { addBridgeUseCommands }] = await Promise.all([
        import('./bridge-command.js'),
        import('./bridge-use-commands.js'),
      ]);
      return (program, terminal, end) => addBridgeUseCommands(addBridgeCommands(program, terminal, end), terminal, end);
    },
  },
  {
    commands: [['demo [options]', 'burn three virtual cards in a directory: no card, no root, no network']],
    load: async () => (await import('./demo-command.js')).addDemo,
  },
];

/** The name that a command is called by. */
export const nameIn = (usage: string): string => usage.split(' ')[0] ?? '';
