// JSON on standard output, for programs: one object a line, in the form of the events (src/report/json.ts).

import { jsonLine } from '../report/json.js';

export const printJson = (value: object): void => {
  process.stdout.write(`${jsonLine(value)}\n`);
};
