// How much has been tried, for FAULTS.md: a line for each kind, with what repeats it. The numbers are those of `npm test`
// unless the line says more; a test that counts prints its own (`PIBURN_SWEEP=all` for the full sweeps).

export interface Count {
  readonly what: string;
  /** A number with its unit, in words. */
  readonly tried: string;
  /** The command that repeats it. */
  readonly repeat: string;
}

export const counts: readonly Count[] = [
  {
    what: 'a card whose burn is cut between any two calls, by a kill or a power cut: whole, or nothing on it starts or mounts',
    tried: 'some 140 moments of 4 kinds of burns, 970 states of the card; six times as many with `PIBURN_SWEEP=all`',
    repeat: 'npm test -- faults/card-sweep',
  },
  {
    what: 'burns that are really cut, each followed by another that has to be good',
    tried: '14; all with `PIBURN_SWEEP=all`',
    repeat: 'npm test -- faults/card-sweep',
  },
  {
    what: 'the store and the records, cut likewise: what counts as whole is whole, what was promised to last is there, the next run works',
    tried: 'some 140 moments of 3 kinds of runs, 700 states of the store; 6 runs really killed',
    repeat: 'npm test -- faults/store-sweep',
  },
  {
    what: 'the whole command with two cards, cut in the store, on a card, in the history',
    tried: '5 of some 56 moments, all of them with `PIBURN_SWEEP=all`',
    repeat: 'npm test -- faults/crash',
  },
  {
    what: 'burns over 6 slots, with random faults of cards, images and stores by a seed: every card good or named, nothing grows',
    tried: '300; 36 in `npm test`',
    repeat: 'npm run soak -- --seed=2026',
  },
  {
    what: 'damaged input for everything that reads foreign bytes: partition tables, file systems, archives, lists, settings, leases',
    tried: '236,852 inputs to 22 readers in ten minutes without a defect; what was found before is tried in `npm test`',
    repeat: 'npm run fuzz -- --seconds=600 --seed=20261123',
  },
  {
    what: '`dd oflag=direct conv=fsync` in place of piburn: it calls cards good that are wrong',
    tried: '4 cards that lie and a power cut; it fails all of them',
    repeat: 'npm test -- faults/dd',
  },
  {
    what: 'the same with simulated cards below the kernel',
    tried: '3 cards that lie; it fails all of them',
    repeat: 'npm test -- faults/kernel',
  },
];
