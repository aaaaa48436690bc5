// Whether qemu can use the processor's own virtualisation. /dev/kvm alone does not tell: inside some virtual machines it is
// there, and stops at the first instruction that its host does not pass on.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';

export type Accelerator = 'kvm' | 'tcg';

/** A kernel with KVM is through with this in two seconds. */
const probeTimeoutMs = 20_000;

let known: Promise<Accelerator> | undefined;

/** `tcg`, qemu's emulation, is ten times slower and works everywhere. Found out once; `kernel` is any for this processor. */
export const accelerator = (kernel: string): Promise<Accelerator> => (known ??= probe(kernel));

/** A kernel without a root panics, and reboots, which ends qemu: if it comes so far, all of it works. */
async function probe(kernel: string): Promise<Accelerator> {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK);
  } catch {
    return 'tcg';
  }
  const machine = ['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-machine', 'pc,usb=off'];
  const args = [...machine, '-accel', 'kvm', '-cpu', 'max', '-smp', '2', '-m', '256', '-kernel', kernel];
  const qemu = spawn('setpriv', ['--pdeathsig', 'KILL', 'qemu-system-x86_64', ...args, '-append', 'panic=-1'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const tooLong = setTimeout(() => qemu.kill('SIGKILL'), probeTimeoutMs);
  // Whatever it complains of, such as `KVM internal error`, is reason enough.
  qemu.stderr.on('data', () => qemu.kill('SIGKILL'));
  const [code] = (await once(qemu, 'close')) as [number | null];
  clearTimeout(tooLong);
  return code === 0 ? 'kvm' : 'tcg';
}
