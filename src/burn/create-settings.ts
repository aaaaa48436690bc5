// Between the options of the library, which are typed, and the settings of files and of the command line, which are
// texts under the names of the command line's options: the one is put into the words of the other, merged, and back.

import { usageError } from '../errors.js';
import { given } from '../given.js';
import type { Flavour } from '../protocol.js';
import { parseSeconds, parseSize } from '../typed-amounts.js';
import type { Labels, Settings } from './config/settings.js';
import type { BurnOptions, CreateOptions } from './options.js';

/** What is asked for, under the names of the options. */
export function settingsFrom(options: CreateOptions): Settings {
  const { blockBytes, fileBytes, stallTimeoutMs } = options;
  return given({
    image: options.image,
    device: options.device,
    flavour: options.flavour,
    rootfs: options.rootfs,
    'cluster-hosts': options.clusterHosts,
    verify: options.verify,
    full: options.full,
    delta: options.delta,
    early: options.early,
    bmap: options.bmap,
    keep: options.keepRejected,
    'max-size': options.maxBytes === undefined ? undefined : String(options.maxBytes),
    store: options.store,
    repo: options.repo,
    sha256: options.sha256,
    decoder: options.decoder,
    blocksize: blockBytes === undefined ? undefined : String(blockBytes),
    size: fileBytes === undefined ? undefined : String(fileBytes),
    'stall-timeout': stallTimeoutMs === undefined ? undefined : String(stallTimeoutMs / 1000),
    probe: options.probe,
    format: options.wipeAll,
    eject: options.eject,
    auto: options.auto,
    jobs: options.jobs === undefined ? undefined : String(options.jobs),
    retries: options.retries === undefined ? undefined : String(options.retries),
    wait: options.waitMs === undefined ? undefined : String(options.waitMs / 1000),
    hostname: options.hostname,
    ipaddr: options.ipaddr,
    ip6addr: options.ip6addr,
    gateway: options.gateway,
    gateway6: options.gateway6,
    dns: options.dns,
    search: options.search,
    interface: options.interface,
    user: options.user,
    passwd: options.password,
    sshkey: options.sshKeys,
    ssid: options.ssid,
    wifipassword: options.wifiPassword,
    hidden: options.hidden,
    country: options.country,
    locale: options.locale,
    timezone: options.timezone,
    keymap: options.keymap,
    files: options.files,
    firstboot: options.firstboot,
  });
}

/** The options of the burn itself, from merged settings; questions and permissions are only ever given directly. */
export function burnOptionsFrom(run: Settings, labels: Labels, options: CreateOptions): BurnOptions {
  const { image, device, verify, full, delta, early, bmap, store, repo, sha256, blocksize, size } = run;
  const timeout = run['stall-timeout'];
  if (image === undefined) throw missing('image', '--image=latest', 'image: latest');
  const amount = (text: string | undefined, name: 'blocksize' | 'size' | 'max-size') =>
    text === undefined ? undefined : parseSize(text, labels[name] ?? `--${name}`);
  return {
    ...permissions(options),
    image,
    ...given({
      device,
      probe: run.probe,
      wipeAll: run.format,
      eject: run.eject,
      auto: run.auto,
      jobs: count(run.jobs, labels.jobs ?? '--jobs', 1),
      retries: count(run.retries, labels.retries ?? '--retries', 0),
      waitMs: run.wait === undefined ? undefined : parseSeconds(run.wait, labels.wait ?? '--wait'),
      verify,
      full,
      delta,
      early,
      bmap,
      store,
      repo,
      sha256,
      keepRejected: run.keep,
      maxBytes: amount(run['max-size'], 'max-size'),
      decoder: oneOf(run.decoder, ['auto', 'xz', 'lzma-native'], labels.decoder ?? '--decoder'),
      blockBytes: amount(blocksize, 'blocksize'),
      fileBytes: amount(size, 'size'),
      stallTimeoutMs:
        timeout === undefined ? undefined : parseSeconds(timeout, labels['stall-timeout'] ?? '--stall-timeout'),
    }),
  };
}

/** A small whole number. */
export function count(text: string | undefined, label: string, least: number): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^[0-9]{1,4}$/.test(text) && value >= least) return value;
  throw usageError('COUNT', `${label}: '${text}' is no whole number from ${least} to 9999`, { hint: `say ${label}=2` });
}

const flavourNames: readonly Flavour[] = ['cloudinit', 'ubuntu', 'firstrun', 'legacy', 'none'];

export const flavourFrom = (run: Settings, labels: Labels): Flavour | undefined =>
  oneOf(run.flavour, flavourNames, labels.flavour ?? '--flavour');

function oneOf<T extends string>(text: string | undefined, known: readonly T[], label: string): T | undefined {
  const found = known.find((one) => one === text);
  if (text === undefined || found !== undefined) return found;
  throw usageError('CHOICE', `${label}: '${text}' is none of ${known.join(', ')}`, { hint: 'write one of them' });
}

const missing = (what: string, option: string, line: string) =>
  usageError('NOT_GIVEN', `no ${what} was given`, {
    hint: `say ${option}, or write "${line}" into the file of --config`,
  });

/** What must be said each time, and is in no file. */
function permissions(options: CreateOptions): Partial<BurnOptions> {
  const { dryRun, allowFixed, allowLarge, unmount, attended, unasked, confirm, nextCard, records, runId } = options;
  return given({ dryRun, allowFixed, allowLarge, unmount, attended, unasked, confirm, nextCard, records, runId });
}
