#!/usr/bin/env node
// The command. A command that writes cards or decodes images runs in a child process of its own, watched by this one: a disk that hangs
// inside the kernel can hold that child for minutes, but never the terminal (src/cli/supervisor.ts).

import { isEngine, supervise } from './supervisor.js';

const working = new Set([
  'create',
  'burn',
  'demo',
  'image',
  'probe',
  'bench',
  'format',
  'eject',
  'slots',
  'info',
  'detect',
]);
const burning = new Set(['create', 'burn']);
const args = process.argv.slice(2);
const asksForHelp = args.includes('--help') || args.includes('-h');
const command = args.find((arg) => !arg.startsWith('-')) ?? '';

if (isEngine() || !working.has(command)) {
  const { runEngine } = await import('./engine.js');
  await runEngine(args);
} else if (burning.has(command) && args.includes('--background') && !asksForHelp) {
  const { superviseBackground } = await import('./background.js');
  process.exitCode = await superviseBackground(args);
} else process.exitCode = await supervise(args);
