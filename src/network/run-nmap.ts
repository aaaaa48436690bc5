// A scan by nmap (`-sn`: hosts only, no ports), for those who want it: as root it asks on the wire itself, which finds
// hosts that keep silent, and faster.

import { failure, usageError } from '../errors.js';
import { start } from '../exec.js';
import { type NmapReport, parseNmap } from './nmap-xml.js';

const maxOutputBytes = 64 * 1024 * 1024;

/**
 * Asks every address; ends early, with what has been found, when the signal says so.
 * @throws PiburnError `NMAP_MISSING` (usage), `NMAP_FAILED`.
 */
export async function runNmap(
  addresses: readonly string[],
  timeoutMs: number | undefined,
  signal: AbortSignal,
): Promise<NmapReport> {
  const patience = timeoutMs === undefined ? [] : ['--max-rtt-timeout', `${Math.ceil(timeoutMs)}ms`];
  const program = start('nmap', ['-sn', '-n', ...patience, '-oX', '-', '-iL', '-']);
  const kill = () => program.kill();
  signal.addEventListener('abort', kill, { once: true });
  // It may end without reading; its exit code says why.
  program.stdin.on('error', () => undefined);
  program.stdin.end(addresses.join('\n'));
  const text = await readAll(program.stdout, kill);
  const { exitCode, stderr } = await program.ended;
  signal.removeEventListener('abort', kill);
  const report = parseNmap(text);
  if (report.isWhole || signal.aborted) return report;
  if (exitCode === 128 && text === '' && stderr === '') throw missing();
  throw failure('NMAP_FAILED', `nmap ended before its end (exit code ${exitCode}): ${firstLine(stderr)}`, {
    hint: 'leave out --nmap',
  });
}

const missing = () =>
  usageError('NMAP_MISSING', 'nmap is not installed', { hint: 'install it (apt install nmap), or leave out --nmap' });

const firstLine = (text: string): string => text.trim().split('\n')[0]?.slice(0, 300) || 'it said nothing';

async function readAll(stream: AsyncIterable<Uint8Array>, kill: () => void): Promise<string> {
  const chunks: Uint8Array[] = [];
  let lengthBytes = 0;
  try {
    for await (const chunk of stream) {
      lengthBytes += chunk.length;
      if (lengthBytes > maxOutputBytes) kill();
      else chunks.push(chunk);
    }
  } catch {
    // Killed: what came before counts.
  }
  return Buffer.concat(chunks).toString('utf8');
}
