// The network commands as a program of their own, with the terminal and the signals that piburn's engine gives them:
// `node run-command.js network list …`. Tests start it inside network namespaces.

import { Command } from 'commander';
import type { Ending } from '../../src/cli/ending.js';
import { addNetworkCommands } from '../../src/cli/network-command.js';
import { Terminal } from '../../src/cli/terminal.js';
import { asPiburnError } from '../../src/errors.js';

const terminal = new Terminal();
process.on('SIGINT', () => terminal.interrupt());
const program = new Command('piburn');
addNetworkCommands(program, terminal, ({ code, stuck }: Ending) => {
  process.exitCode = code;
  if (stuck) setTimeout(() => process.exit(code), 50);
});
try {
  await program.parseAsync(process.argv.slice(2), { from: 'user' });
} catch (error) {
  const known = asPiburnError(error);
  process.stderr.write(`${known.failure.code}: ${known.message}\n${known.failure.hint ?? ''}\n`);
  process.exitCode = known.exitCode;
}
