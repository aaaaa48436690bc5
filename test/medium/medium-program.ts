// The commands on one medium as a program of their own, which the tests run in a child process: as the engine does, with
// Ctrl-C and the exit code.

import { Command } from 'commander';
import type { Ending } from '../../src/cli/ending.js';
import { addMediumCommands } from '../../src/cli/medium-commands.js';
import { Terminal } from '../../src/cli/terminal.js';
import { asPiburnError } from '../../src/errors.js';
import { renderFailure } from '../../src/report/failure.js';

const terminal = new Terminal();
process.on('SIGINT', () => terminal.interrupt());
const program = new Command('piburn').exitOverride();
let ending: Ending = { code: 0, stuck: false };
addMediumCommands(program, terminal, (value) => {
  ending = value;
});
try {
  await program.parseAsync(process.argv.slice(2), { from: 'user' });
} catch (error) {
  const problem = asPiburnError(error);
  terminal.sayError(renderFailure(problem.failure, { color: false }));
  ending = { code: problem.exitCode, stuck: false };
}
process.exitCode = ending.code;
if (ending.stuck) process.exit(ending.code);
