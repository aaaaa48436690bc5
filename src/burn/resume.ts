// `create --resume`: the order of the last run that has nodes without a good card.

import { type PiburnError, usageError } from '../errors.js';
import { given } from '../given.js';
import { fromJournalOptions, type Missing } from '../records/journal-options.js';
import type { RecordsPlace } from '../records/place.js';
import { claimRun, findUnfinished, type JournalRun } from '../records/read-runs.js';
import type { CreateOptions } from './options.js';
import { type Order, orderCreate } from './order.js';

/** What may be said anew; everything else is as it was, or the cards of one run would not belong together. */
const sayable: ReadonlySet<string> = new Set<keyof CreateOptions>([
  'device',
  'records',
  'runId',
  'store',
  'home',
  'otherwise',
  'verify',
  'probe',
  'delta',
  'wipeAll',
  'eject',
  'jobs',
  'retries',
  'auto',
  'waitMs',
  'decoder',
  'blockBytes',
  'stallTimeoutMs',
  'early',
  'bmap',
  'keepRejected',
  'attended',
  'unasked',
  'confirm',
  'nextCard',
  'dryRun',
  'allowFixed',
  'allowLarge',
  'unmount',
]);

/** The same as words of the command line. */
const optionNames: Partial<Record<string, string>> = {
  sshKeys: 'sshkey',
  password: 'passwd',
  wifiPassword: 'wifipassword',
  fileBytes: 'size',
  clusterHosts: 'cluster-hosts',
};

/** Held until the process ends: the run that is taken up is nobody else's. */
const claims: { close(): void }[] = [];

/**
 * The order to go on with; `now` is what has been said with --resume.
 * @throws PiburnError `NOTHING_TO_RESUME`, `RESUME_OPTION`, `RESUME_MISSING` (usage); `RUN_GOES_ON`, `RECORDS_UNUSABLE`.
 */
export function orderResume(now: CreateOptions, place: RecordsPlace): Order {
  const run = findUnfinished(place);
  if (run === undefined)
    throw usageError('NOTHING_TO_RESUME', `no run with nodes left is known in ${place.directory}`, {
      hint: 'start one with --hostname=…; a run with another --store is found with the same --store',
    });
  const missing = run.options.missing ?? [];
  checkSaid(now, run, missing);
  if (run.options.image === '-')
    throw usageError('RESUME_STREAM', 'the image of that run came on standard input, and is gone', {
      hint: `burn the nodes that are left in a new run: --hostname=${run.left.slice(0, 3).join(',')}…`,
    });
  const { otherwise = {}, ...kept } = fromJournalOptions(run.options);
  const before: CreateOptions = {
    ...withPassword(kept),
    otherwise: { ...withPassword(otherwise), ...missingOf(now, missing) },
  };
  const { otherwise: _, ...said } = now;
  const order = orderCreate({ ...before, ...said }, run);
  if (!now.dryRun) claims.push(claimRun(place, run));
  return { ...order, warnings: [...order.warnings, goingOn(run)] };
}

/** A password that was kept is the hash that goes onto the cards, and does as a password. */
function withPassword<T extends { readonly password?: 'random'; readonly passwordHash?: string }>({
  password,
  passwordHash,
  ...kept
}: T) {
  return { ...kept, ...given({ password: passwordHash ?? password }) };
}

/** What the environment says again, because it could not be kept. */
function missingOf(
  { otherwise = {} }: CreateOptions,
  missing: readonly Missing[],
): NonNullable<CreateOptions['otherwise']> {
  const { device, wifiPassword } = otherwise;
  return given({
    bridge: otherwise.bridge,
    device: missing.includes('otherwise.device') ? device : undefined,
    wifiPassword: missing.includes('otherwise.wifiPassword') ? wifiPassword : undefined,
  });
}

function checkSaid(now: CreateOptions, run: JournalRun, missing: readonly Missing[]): void {
  const isMissing = (name: string) => missing.some((each) => each.replace('otherwise.', '') === name);
  for (const [name, value] of Object.entries(now))
    if (value !== undefined && !sayable.has(name) && !isMissing(name)) throw notAnew(optionNames[name] ?? name, run);
  const said: Readonly<Record<string, unknown>> = { ...now.otherwise, ...now };
  const lacks = missing.map((each) => each.replace('otherwise.', '')).find((name) => said[name] === undefined);
  if (lacks === undefined) return;
  const option = optionNames[lacks] ?? lacks;
  throw usageError('RESUME_MISSING', `--${option} of that run is not kept, and must be said again`, {
    hint: `add --${option} to create --resume`,
  });
}

const notAnew = (option: string, { startedAt }: JournalRun): PiburnError =>
  usageError(
    'RESUME_OPTION',
    `--resume goes on with the run of ${startedAt} as it was; --${option} belongs to a new one`,
    {
      hint: `leave --${option} out, or leave --resume out`,
    },
  );

const goingOn = ({ startedAt, good, hostnames, left }: JournalRun): string =>
  `going on with the run of ${startedAt}: ${good.length} of ${hostnames.length} nodes have a good card, left are ${left.slice(0, 5).join(', ')}${left.length > 5 ? ', …' : ''}`;
