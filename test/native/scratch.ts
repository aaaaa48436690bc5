// What the tests of the addon share: a folder of their own, loop devices, and a look at the open descriptors.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readlinkSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

export const isRoot = process.getuid?.() === 0;
export const nativeModule = new URL('../../src/native.js', import.meta.url).href;
export const addonPath =
  process.env.PIBURN_NATIVE ?? fileURLToPath(new URL('../../../build/Release/piburn.node', import.meta.url));

const undone = new WeakMap<TestContext, Array<() => void>>();

/** Undoes something at the end of the test, the last thing first; `t.after` alone would begin with the first. */
export function undo(t: TestContext, step: () => void): void {
  const known = undone.get(t);
  if (known !== undefined) {
    known.push(step);
    return;
  }
  const steps = [step];
  undone.set(t, steps);
  t.after(() => {
    for (const each of steps.reverse()) each();
  });
}

/** A temporary folder that goes away with the test. */
export function scratchFolder(t: TestContext): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'piburn-native-')));
  undo(t, () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A loop device over a file, detached with the test; undefined, and the test skipped, where there is none to be had. */
export function loopDevice(t: TestContext, file: string, args: readonly string[] = []): string | undefined {
  if (!isRoot) {
    t.skip('loop devices need root');
    return undefined;
  }
  try {
    const device = execFileSync('losetup', ['--find', '--show', ...args, file], { encoding: 'utf8', stdio: 'pipe' });
    undo(t, () => execFileSync('losetup', ['--detach', device.trim()]));
    return device.trim();
  } catch (error) {
    t.skip(`no loop device: ${String(error)}`);
    return undefined;
  }
}

/** Mounts onto a folder until the test ends; false, and the test skipped, where that cannot be done. */
export function mounted(t: TestContext, folder: string, args: readonly string[]): boolean {
  if (!isRoot) {
    t.skip('mounting needs root');
    return false;
  }
  try {
    execFileSync('mount', [...args, folder], { stdio: 'pipe' });
  } catch (error) {
    t.skip(`no mount: ${String(error)}`);
    return false;
  }
  undo(t, () => execFileSync('umount', [folder]));
  return true;
}

/** The descriptors of this process that lead into a folder, or to a device. */
export function openDescriptors(prefix: string): string[] {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(prefix);
    } catch {
      return false; // the one that readdir itself had open
    }
  });
}

/** Bytes in which every 4 KiB block is different and none is zero. */
export function pattern(lengthBytes: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(lengthBytes);
  for (let i = 0; i < lengthBytes; i += 1) bytes[i] = 1 + ((i * 7 + (i >> 12) * 13 + seed * 31) % 255);
  return bytes;
}
