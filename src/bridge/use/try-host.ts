// `bridge test`: one host tried from here: does it answer, has it its name, and does it get to the internet through the
// bridge, which only the host itself can tell, over ssh.

import { run } from '../../exec.js';
import { given } from '../../given.js';
import { HostAsker } from '../../network/ask-host.js';
import type { HostTrial, TrialOutcome } from '../../protocol.js';
import { askBoth } from './ask-names.js';
import type { BridgeHere } from './here.js';
import { someAtATime } from './some-at-a-time.js';

const pingMs = 1000;
const atOnce = 16;

/** Tries all hosts, some at a time, in their order. `target`: an IPv4 address in the internet. */
export function tryHosts(hosts: readonly string[], here: BridgeHere, target: string): Promise<HostTrial[]> {
  const asker = new HostAsker(pingMs);
  return someAtATime(hosts, atOnce, (host) => tryHost(host, here, target, asker));
}

async function tryHost(host: string, here: BridgeHere, target: string, asker: HostAsker): Promise<HostTrial> {
  const { addresses, problem } = await askBoth(host, here.domain, here.ip);
  const [address] = addresses;
  if (address === undefined) {
    const untried: TrialOutcome = { state: 'untried', detail: 'its address is not known' };
    const name: TrialOutcome = { state: 'failed', detail: problem ?? 'it has no address' };
    return { host, isGood: false, ping: untried, name, internet: untried };
  }
  const answer = await asker.ask(address);
  const ping: TrialOutcome = answer.answered
    ? { state: 'good', ...given({ latencyMs: answer.latencyMs }) }
    : { state: 'failed', detail: `${address} does not answer` };
  const internet: TrialOutcome = answer.answered
    ? await tryInternet(host, address, here, target)
    : { state: 'untried', detail: 'the host does not answer' };
  const isGood = answer.answered && internet.state !== 'failed';
  return { host, isGood, address, ping, name: { state: 'good' }, internet };
}

const sshMs = 20_000;

/** The name chooses what ~/.ssh/config says of the host; the address is the one of our name server. */
async function tryInternet(host: string, address: string, here: BridgeHere, target: string): Promise<TrialOutcome> {
  if (here.uplink === undefined) return { state: 'untried', detail: 'the bridge has no uplink' };
  const options = ['-o', 'BatchMode=yes', '-o', 'ConnectTimeout=5', '-o', `HostName=${address}`];
  const args = [...options, '--', host, 'ping', '-c1', '-W2', target];
  const result = await run('ssh', args, { timeoutMs: sshMs });
  return result === undefined ? { state: 'untried', detail: 'ssh is not installed here' } : readSsh(result, target);
}

/** ssh(1) exits with 255 when it did not get in, else with what ran there; a shell says 127 for a missing program. */
export function readSsh(result: { exitCode: number; stdout: string; stderr: string }, target: string): TrialOutcome {
  const { exitCode, stderr } = result;
  if (exitCode === 0) return { state: 'good' };
  if (exitCode === 127) return { state: 'untried', detail: 'ping is not installed there' };
  if (exitCode === 124) return { state: 'untried', detail: 'ssh takes too long' };
  if (exitCode === 255)
    return { state: 'untried', detail: stderr.trim().split('\n').at(-1)?.trim() || 'ssh did not get in' };
  return { state: 'failed', detail: `${target} does not answer it` };
}
