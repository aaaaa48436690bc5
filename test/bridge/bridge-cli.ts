// `piburn bridge …` by itself, as a program to be started in a namespace.

import { Command } from 'commander';
import { addBridgeCommands } from '../../src/cli/bridge-command.js';
import { Terminal } from '../../src/cli/terminal.js';
import { asPiburnError } from '../../src/errors.js';
import { renderFailure } from '../../src/report/failure.js';

const terminal = new Terminal();
const program = new Command('piburn').exitOverride();
addBridgeCommands(program, terminal, ({ code }) => {
  process.exitCode = code;
});
try {
  await program.parseAsync(process.argv.slice(2), { from: 'user' });
} catch (error) {
  const known = asPiburnError(error);
  terminal.sayError(renderFailure(known.failure, { color: false }));
  process.exitCode = known.exitCode;
}
