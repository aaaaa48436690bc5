// Follows the decoding of an image and learns which of its blocks no file system uses: the partition table first, then
// one reader per partition, each resumed when the bytes it waits for exist. What is not understood counts as used.

import { blockBytes, FreeMap, maxMappedBytes, runMarker } from './free-map.js';
import { isExtended, isLogical, readLogicalPartitions } from './mbr.js';
import { endBytesOf, overlaps, type PartitionEntry, type PartitionInfo, type Volume } from './partition.js';
import { type PartitionTable, readPartitionTable } from './partition-table.js';
import { maxRequestBytes, NotUnderstood, type Reader, type ReadRequest } from './reader.js';
import { readVolume } from './volume.js';

/** What is known of a partition. */
interface Partition {
  readonly entry: PartitionEntry;
  description: Pick<PartitionInfo, 'fileSystem' | 'label'>;
  freeBytes: number;
  note: string | undefined;
}

/** A reader at work, in a part of the image that it must not leave. */
interface Task {
  readonly startBytes: number;
  readonly sizeBytes: number;
  readonly reader: Reader;
  /** Undefined when the reader has ended. */
  request: ReadRequest | undefined;
  readonly fail: (note: string) => void;
}

export class Allocation {
  readonly #read: (offsetBytes: number, lengthBytes: number) => Uint8Array;
  readonly #map = new FreeMap();
  readonly #partitions: Partition[] = [];
  readonly #tasks = new Map<Partition | 'table', Task>();
  #table: PartitionTable['kind'] | undefined;
  #availableBytes = 0;
  #ended = false;

  /** @param read reads what is already decoded; an error that it throws leaves `advance` as it is. */
  constructor(read: (offsetBytes: number, lengthBytes: number) => Uint8Array) {
    this.#read = read;
    this.#start('table', this.#readTable(), { startBytes: 0, sizeBytes: Number.MAX_SAFE_INTEGER, fail: () => {} });
  }

  /** `undefined` until known, and when there is none. */
  get table(): 'mbr' | 'gpt' | undefined {
    return this.#table === 'fat' ? undefined : this.#table;
  }

  get partitions(): readonly PartitionInfo[] {
    return this.#partitions.map(infoOf);
  }

  /** Whether the 4 KiB block at this offset is known to be free. */
  isFree(offsetBytes: number): boolean {
    return this.#map.isFree(Math.floor(offsetBytes / blockBytes));
  }

  /** Tells that the image exists up to here (exclusive) and resumes all readers that this answers. */
  advance(availableBytes: number, ended: boolean): void {
    this.#availableBytes = availableBytes;
    this.#ended = ended;
    // Readers that start meanwhile are appended to the map, and this loop comes to them.
    for (const [owner, task] of this.#tasks) this.#run(owner, task);
  }

  *#readTable(): Reader {
    const table = yield* readPartitionTable();
    this.#table = table?.kind;
    for (const entry of table?.entries ?? []) this.#add(entry);
  }

  #add(entry: PartitionEntry): void {
    const partition: Partition = { entry, description: {}, freeBytes: 0, note: entry.note };
    const others = [...this.#partitions];
    this.#partitions.push(partition);
    const rivals = others.filter((other) => areRivals(other.entry, entry));
    for (const rival of rivals) this.#disown(rival, `it overlaps partition ${entry.number}`);
    const [rival] = rivals;
    if (rival !== undefined) this.#disown(partition, `it overlaps partition ${rival.entry.number}`);
    else if (endBytesOf(entry) > maxMappedBytes) this.#distrust(partition, 'it ends beyond 2 TiB');
    else if (isExtended(entry) && others.some((other) => isExtended(other.entry))) {
      this.#distrust(partition, 'a second extended partition');
    } else if (partition.note === undefined) this.#follow(partition);
  }

  #follow(partition: Partition): void {
    const { startBytes, sizeBytes } = partition.entry;
    const reader = isExtended(partition.entry)
      ? readLogicalPartitions(partition.entry, (entry) => this.#add(entry))
      : readVolume(this.#volumeOf(partition));
    this.#start(partition, reader, { startBytes, sizeBytes, fail: (note) => this.#distrust(partition, note) });
  }

  #volumeOf(partition: Partition): Volume {
    const { startBytes, sizeBytes } = partition.entry;
    const markRun = runMarker(this.#map);
    return {
      sizeBytes,
      describe(fileSystem, label) {
        partition.description = { fileSystem, ...(label !== undefined && { label }) };
      },
      markFree(fromBytes, toBytes) {
        if (toBytes > sizeBytes) throw new NotUnderstood('it claims space outside of its partition');
        partition.freeBytes += markRun(startBytes + fromBytes, startBytes + toBytes);
      },
    };
  }

  /** Whoever lied once is not believed at all: the partition, and all that lies in it, counts as used from now on. */
  #distrust(partition: Partition, note: string): void {
    partition.note = note;
    this.#tasks.delete(partition);
    this.#map.markUsed(partition.entry.startBytes, endBytesOf(partition.entry));
    if (!isExtended(partition.entry)) return;
    for (const other of this.#partitions) if (isLogical(other.entry)) this.#disown(other, note);
  }

  /** Distrusts a partition through no fault of its own: what it seemed to hold, if it came to that, is forgotten. */
  #disown(partition: Partition, note: string): void {
    partition.description = {};
    this.#distrust(partition, note);
  }

  #start(owner: Partition | 'table', reader: Reader, place: Pick<Task, 'startBytes' | 'sizeBytes' | 'fail'>): void {
    const task: Task = { ...place, reader, request: undefined };
    this.#tasks.set(owner, task);
    this.#resume(task);
  }

  #run(owner: Partition | 'table', task: Task): void {
    while (task.request !== undefined && this.#isAnswerable(task, task.request)) {
      this.#resume(task, this.#answer(task, task.request));
    }
    if (task.request === undefined) this.#tasks.delete(owner);
  }

  #isAnswerable(task: Task, { offsetBytes, lengthBytes }: ReadRequest): boolean {
    return this.#ended || task.startBytes + offsetBytes + lengthBytes <= this.#availableBytes;
  }

  #answer(task: Task, { offsetBytes, lengthBytes }: ReadRequest): Uint8Array {
    const fromBytes = task.startBytes + offsetBytes;
    const existingBytes = Math.min(lengthBytes, this.#availableBytes - fromBytes);
    return existingBytes > 0 ? this.#read(fromBytes, existingBytes) : new Uint8Array(0);
  }

  /** Runs a reader to its next request. Without `bytes` it is started. */
  #resume(task: Task, bytes: Uint8Array = new Uint8Array(0)): void {
    task.request = undefined;
    try {
      const step = task.reader.next(bytes);
      if (!step.done) task.request = checked(step.value, task.sizeBytes);
    } catch (error) {
      task.fail(error instanceof NotUnderstood ? error.message : 'its metadata is damaged');
    }
  }
}

function infoOf({ entry, description, freeBytes, note }: Partition): PartitionInfo {
  const found = note !== undefined ? { note } : description.fileSystem !== undefined && { freeBytes };
  return { ...entry, ...description, ...found };
}

/** Logical partitions lie in their extended one by right. */
const areRivals = (earlier: PartitionEntry, later: PartitionEntry): boolean =>
  overlaps(earlier, later) && !(isExtended(earlier) && isLogical(later));

function checked(request: ReadRequest, sizeBytes: number): ReadRequest {
  const { offsetBytes, lengthBytes } = request;
  if (lengthBytes > maxRequestBytes || offsetBytes + lengthBytes > sizeBytes) {
    throw new NotUnderstood('its metadata lies outside of the partition');
  }
  return request;
}
