// All of `piburn bridge …` by itself, as a program to be started in a namespace.

import { Command } from 'commander';
import { addBridgeCommands } from '../../src/cli/bridge-command.js';
import { addBridgeUseCommands } from '../../src/cli/bridge-use-commands.js';
import { Terminal } from '../../src/cli/terminal.js';
import { asPiburnError } from '../../src/errors.js';
import { renderFailure } from '../../src/report/failure.js';

const terminal = new Terminal();
const end = ({ code }: { code: number }) => {
  process.exitCode = code;
};
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => terminal.interrupt());
const program = new Command('piburn').exitOverride();
const bridge = addBridgeCommands(program, terminal, end);
if (!bridge.commands.some((command) => command.name() === 'set')) addBridgeUseCommands(bridge, terminal, end);
try {
  await program.parseAsync(process.argv.slice(2), { from: 'user' });
} catch (error) {
  const known = asPiburnError(error);
  terminal.sayError(renderFailure(known.failure, { color: false }));
  process.exitCode = known.exitCode;
}
