// `bridge set` from end to end, under the bridge's lock: read, plan, write, have dnsmasq read it. The file of reservations
// is the truth; that of the names follows from it, and is made anew whenever it does not.

import { given } from '../../given.js';
import type { Reservation, ReservationChange } from '../../protocol.js';
import { type BridgeAccess, locked } from '../bridge.js';
import { paths } from '../plan/paths.js';
import { type DnsmasqNow, dnsmasqNow, reread } from './dnsmasq.js';
import { keepHistoryLocked } from './keep-history.js';
import { type Records, readRecords, refuseHalfMade } from './records.js';
import { reservationText } from './reservations.js';
import { namesText, planRemoval, planReservations, type ReservePlan } from './reserve.js';
import { whyNotServed } from './served.js';

type Change = Pick<ReservationChange, 'changed' | 'removed' | 'moving'> & Pick<ReservePlan, 'reservations'>;
type Decide = (records: Records) => Change;

/**
 * Reserves all of these or none. `isTrial`: nothing is written.
 * @throws PiburnError as `planReservations`; `NO_BRIDGE`, `NOT_ROOT`, `BRIDGE_BUSY`, `BRIDGE_HALF_MADE`.
 */
export const setReservations = (
  wishes: readonly Reservation[],
  access: BridgeAccess,
  isTrial = false,
): Promise<ReservationChange> =>
  change(access, isTrial, ({ here, file, leases }) => {
    const hostname = access.source.hostname().split('.')[0] ?? '';
    const ground = { settings: here, hostname, reservations: file.reservations, leases };
    return { ...planReservations(wishes, ground), removed: [] };
  });

/** Takes reservations away; hosts without one are no error. @throws PiburnError as above. */
export const removeReservations = (
  names: readonly string[],
  access: BridgeAccess,
  isTrial = false,
): Promise<ReservationChange> =>
  change(access, isTrial, ({ file }) => ({ ...planRemoval(names, file.reservations), changed: [], moving: [] }));

async function change(access: BridgeAccess, isTrial: boolean, decide: Decide): Promise<ReservationChange> {
  if (!isTrial) return locked(access, () => changeNow(access, decide));
  const { changed, removed, moving } = decide(await readRecords(access.source));
  return { changed, removed, moving, isInEffect: false };
}

async function changeNow(access: BridgeAccess, decide: Decide): Promise<ReservationChange> {
  const records = await readRecords(access.source);
  refuseHalfMade(records.here);
  keepHistoryLocked(records, access);
  const { reservations, changed, removed, moving } = decide(records);
  const file = { reservations, others: records.file.others };
  const hasWritten = writeReservations({ ...records, file }, changed.length + removed.length > 0, access);
  const now = await dnsmasqNow(access);
  const isRead = hasWritten ? reread(now, access.system) : now.pid !== undefined;
  const problem =
    hasWritten && isRead ? await servedProblem({ changed, removed, moving }, records, now, access) : undefined;
  return { changed, removed, moving, isInEffect: isRead && problem === undefined, ...given({ problem }) };
}

/** A host that has a lease has its name from there, whatever is reserved. */
function servedProblem(
  { changed, removed, moving }: Omit<Change, 'reservations'>,
  { here, leases }: Records,
  now: DnsmasqNow,
  { source }: Pick<BridgeAccess, 'source'>,
): Promise<string | undefined> {
  const isMoving = ({ name }: Reservation) => moving.some((each) => each.name === name);
  const isLeased = ({ address }: Reservation) => leases.some((lease) => lease.address === address);
  const wishes = {
    changed: changed.filter((each) => !isMoving(each)),
    removed: removed.filter((each) => !isLeased(each)),
  };
  return whyNotServed(wishes, here, now, source);
}

/** Makes the file of the names follow that of the reservations again, where it does not. */
export const mendNames = (records: Records, access: Pick<BridgeAccess, 'source' | 'system'>): boolean =>
  writeReservations(records, false, access);

/** The reservations before the names: should the power go in between, the next `set` sees what is missing. */
function writeReservations(
  { file, leases }: Records,
  isChanged: boolean,
  { source, system }: Pick<BridgeAccess, 'source' | 'system'>,
): boolean {
  const write = (path: string, text: string) => system.writeFile(path, Buffer.from(text, 'latin1'), { mode: 0o644 });
  const names = namesText(file.reservations, leases);
  const isStale = source.file(paths.hosts)?.text !== names;
  if (isChanged) write(paths.dhcpHosts, reservationText(file));
  if (isStale) write(paths.hosts, names);
  return isChanged || isStale;
}
