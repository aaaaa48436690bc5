// One download under way: which file of which server it is, how far it has come, and what each answer means for it. The
// one rule that everything follows: the bytes of the file before `#position` belong to `#thing`.

import { failure, type PiburnError, toFailure } from '../../errors.js';
import { given } from '../../given.js';
import { type Answer, ask, bytesOf, checkStatus, type WebClient } from './ask.js';
import type { DownloadRequest } from './download-request.js';
import { guarded, type PartialFile } from './partial-file.js';
import { patient } from './persist.js';
import { mayBeSame, type Remote, rangeOf, remoteOf, validatorOf } from './remote.js';
import { readState, removeState, writeState } from './state-file.js';
import { Trouble, tooLarge } from './trouble.js';
import { Watch } from './watch.js';
import { shownUrl } from './web-address.js';

const usualSyncBytes = 32 * 1024 * 1024;

export class Transfer {
  readonly #client: WebClient;
  readonly #request: DownloadRequest;
  /** Without credentials. */
  readonly #url: string;
  readonly #file: PartialFile;
  /** What the server said of the file, in this run or in an earlier one. */
  #thing: Partial<Remote> = {};
  #position = 0;
  /** So much of that is safe on disk. */
  #synced = 0;
  /** In this run the server has said that it is the same thing, or another was begun. */
  #confirmed = false;
  /** The server's ranges cannot be trusted: next time the whole is asked for. */
  #wantsWhole = false;

  constructor(client: WebClient, request: DownloadRequest, url: string, file: PartialFile) {
    this.#client = client;
    this.#request = request;
    this.#url = url;
    this.#file = file;
  }

  /** Takes up what an earlier run left, as far as it is known to be on disk; the server must still agree. */
  async recall(): Promise<void> {
    const state = await readState(this.#request.path);
    if (state === undefined || state.url !== this.#url || validatorOf(state) === undefined) return;
    const { url, syncedBytes, ...thing } = state;
    const isSane = this.#file.foundBytes <= (thing.sizeBytes ?? Number.POSITIVE_INFINITY);
    if (!isSane || !mayBeSame(thing, given({ sizeBytes: this.#request.expectedBytes }))) return;
    this.#thing = thing;
    this.#position = Math.min(syncedBytes, this.#file.foundBytes);
    this.#synced = this.#position;
  }

  /** One request; resolves when the file is whole. */
  async attempt(): Promise<void> {
    const { url, cancelled, patience } = this.#request;
    if (this.#confirmed && this.#position === this.#thing.sizeBytes) return;
    const watch = new Watch(cancelled, { stallMs: patience?.stallMs ?? patient.stallMs });
    try {
      const answer = await ask(this.#client, { method: 'GET', url, headers: this.#range() }, watch);
      checkStatus(answer);
      if (answer.status === 416) return await this.#acceptEnd(answer);
      if (answer.status === 206) await this.#acceptPart(answer);
      else await this.#acceptWhole(answer);
      for await (const bytes of bytesOf(answer, watch)) await this.#take(bytes);
      this.#checkEnd(answer);
    } finally {
      watch.close();
    }
  }

  /** Asks for the rest, where there is something to tell that it is the rest of the same thing. */
  #range(): Record<string, string> {
    const { etag, sizeBytes } = this.#thing;
    const validator = validatorOf(this.#thing);
    if (this.#wantsWhole || (validator ?? etag ?? sizeBytes) === undefined) this.#position = 0;
    if (this.#position === 0) return {};
    return { range: `bytes=${this.#position}-`, ...(validator !== undefined && { 'if-range': validator }) };
  }

  /** 200: from the beginning, whether it is the same thing or another. */
  async #acceptWhole(answer: Answer): Promise<void> {
    const remote = remoteOf(answer);
    this.#checkSize(remote);
    this.#thing = remote;
    this.#position = 0;
    this.#synced = 0;
    this.#wantsWhole = false;
    await this.#start();
  }

  /** 206: the rest. */
  async #acceptPart(answer: Answer): Promise<void> {
    const remote = remoteOf(answer);
    if (this.#position === 0 || rangeOf(answer)?.firstBytes !== this.#position)
      throw this.#nonsense('the server sent another part than the one asked for');
    if (!mayBeSame(remote, this.#thing)) throw this.#nonsense('the file has changed on the server');
    this.#thing = { ...this.#thing, ...remote };
    this.#checkSize(this.#thing);
    await this.#start();
  }

  /** 416: nothing comes after what is there, so that is all, if the server says so. */
  async #acceptEnd(answer: Answer): Promise<void> {
    const remote = { url: answer.url, ...given({ sizeBytes: rangeOf(answer)?.sizeBytes }) };
    const isAll = this.#position > 0 && remote.sizeBytes === this.#position && mayBeSame(remote, this.#thing);
    if (!isAll) throw this.#nonsense(contradiction(this.#thing.sizeBytes, remote.sizeBytes));
    this.#thing = { ...this.#thing, ...remote };
    this.#checkSize(this.#thing);
    await this.#start();
  }

  /** From here on what comes is written at `#position`; what is there before it may be read. */
  async #start(): Promise<void> {
    const { growth, onStart } = this.#request;
    if (!this.#confirmed)
      onStart?.({ ...this.#thing, url: this.#thing.url ?? this.#url, resumedBytes: this.#position });
    this.#confirmed = true;
    await this.#file.cut(Math.max(this.#position, growth.availableBytes));
    // Before the first byte of another thing stands in the file.
    await this.#record();
    if (this.#position > growth.availableBytes) growth.advance(this.#position);
  }

  async #take(bytes: Buffer): Promise<void> {
    const { growth, expectedBytes, limitBytes, syncBytes = usualSyncBytes } = this.#request;
    const endBytes = this.#position + bytes.length;
    const sizeBytes = this.#thing.sizeBytes ?? expectedBytes;
    if (sizeBytes !== undefined && endBytes > sizeBytes) throw this.#wrongLength(`more than ${sizeBytes}`, sizeBytes);
    if (limitBytes !== undefined && endBytes > limitBytes) throw tooLarge(shownUrl(this.#url), limitBytes);
    if (!(await this.#file.put(bytes, this.#position, growth.availableBytes))) throw this.#changed();
    this.#position = endBytes;
    if (endBytes > growth.availableBytes) growth.advance(endBytes);
    if (endBytes - this.#synced >= syncBytes) await this.#secure();
  }

  /** The body came to an end: its own, or only the connection's? */
  #checkEnd(answer: Answer): void {
    const { growth, expectedBytes } = this.#request;
    const { sizeBytes } = this.#thing;
    const isSure = /\bchunked\b/i.test(answer.header('transfer-encoding') ?? '');
    const leastBytes = Math.max(growth.availableBytes, expectedBytes ?? 0);
    if (this.#position < (sizeBytes ?? (isSure ? 0 : leastBytes))) throw new Trouble('broken', 'the connection broke');
    if (this.#position < growth.availableBytes) throw this.#changed();
    this.#checkSize({ sizeBytes: this.#position });
    this.#thing = { ...this.#thing, sizeBytes: this.#position };
  }

  #checkSize({ sizeBytes }: Pick<Remote, 'sizeBytes'>): void {
    const { expectedBytes, limitBytes } = this.#request;
    if (sizeBytes === undefined) return;
    if (expectedBytes !== undefined && sizeBytes !== expectedBytes)
      throw this.#wrongLength(`${sizeBytes}`, expectedBytes);
    if (limitBytes !== undefined && sizeBytes > limitBytes) throw tooLarge(shownUrl(this.#url), limitBytes);
  }

  /** The whole file is there: brings it to the disk. */
  async finish(): Promise<Remote & { readonly sizeBytes: number }> {
    await this.#secure();
    return { url: this.#url, ...this.#thing, sizeBytes: this.#position };
  }

  /** After a failure: what has come is for the next run, unless it proved to be of no use. */
  async keep(error: unknown): Promise<void> {
    const { path } = this.#request;
    const isUseless = toFailure(error).code === 'DOWNLOAD_CHANGED';
    if (!isUseless && !this.#confirmed) return;
    // What goes wrong here is of no interest beside the error that is on its way.
    await (isUseless ? removeState(path) : this.#secure()).catch(() => undefined);
  }

  /** Where it is, for people. */
  where(): string {
    const { sizeBytes } = this.#thing;
    if (!this.#confirmed) return '';
    if (sizeBytes === undefined) return ` after ${(this.#position / 1e6).toFixed(1)} MB`;
    return ` at ${Math.floor((100 * this.#position) / Math.max(1, sizeBytes))} %`;
  }

  async #secure(): Promise<void> {
    await this.#file.sync();
    this.#synced = this.#position;
    await this.#record();
  }

  async #record(): Promise<void> {
    const { path } = this.#request;
    const { etag, lastModified, sizeBytes } = this.#thing;
    const state = { url: this.#url, ...given({ etag, lastModified, sizeBytes }), syncedBytes: this.#synced };
    await guarded(path, () => writeState(path, state));
  }

  #nonsense(message: string): Trouble {
    this.#wantsWhole = true;
    return new Trouble('server', message);
  }

  #changed(): PiburnError {
    return failure('DOWNLOAD_CHANGED', `${shownUrl(this.#url)} changed while it was being fetched`, {
      hint: 'try again: it will be fetched from its beginning',
    });
  }

  #wrongLength(are: string, promisedBytes: number): PiburnError {
    const isListed = promisedBytes === this.#request.expectedBytes;
    return failure('DOWNLOAD_LENGTH', `${shownUrl(this.#url)} has ${are} bytes instead of ${promisedBytes}`, {
      hint: isListed
        ? 'the list that promises this may be older than the file: refresh the list'
        : 'the server contradicts itself: try again later, or another server',
    });
  }
}

const contradiction = (toldBytes: number | undefined, nowBytes: number | undefined): string =>
  toldBytes === undefined || nowBytes === undefined || toldBytes === nowBytes
    ? 'the server does not have the part that was asked for'
    : `the server promised ${toldBytes} bytes and has ${nowBytes}`;
