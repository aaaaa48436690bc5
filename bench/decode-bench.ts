// How long it takes to make an image ready to burn from every form it comes in: `piburn image get` with an empty store
// (decoding, both SHA-256, the segment map and the spool), against the form's own program, which decodes to /dev/null.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { failure } from '../src/errors.js';
import { defineBench, printHead, roundsOption } from './bench.js';
import { checkStore, sha256Of } from './digests.js';
import { type Form, formsFor, formsMostMiB, type Unpacker } from './forms.js';
import { leastMiB, makeImage, usedMiB } from './image.js';
import { measure } from './measure.js';
import { withDirectory } from './place.js';
import { isThere, piburn, run } from './programs.js';
import { interleave, type Row, type Trial, tell } from './rounds.js';
import {
  type Column,
  cpuColumn,
  peakColumn,
  printRows,
  ratioColumn,
  speedColumn,
  wallColumn,
  wallSeconds,
} from './rows.js';

export const decodeBench = defineBench({
  name: 'decode',
  about: 'makes an image ready to burn from every form it comes in, against the programs that unpack it',
  options: {
    mib: { about: 'size of the image in MiB', byDefault: 256, least: leastMiB, most: formsMostMiB },
    rounds: roundsOption,
  },
  run: async ({ mib, rounds }, directory) => {
    const image = await makeImage(directory, { sizeMiB: mib, contents: 'system' });
    const facts = `${mib} MiB, ${usedMiB(image)} MiB of it used by files of this machine's /usr`;
    const forms = formsFor(image.sizeBytes);
    const present = forms.filter(hasPacker);
    const imageSha256 = await sha256Of(image.path);
    const trials: DecodeTrial[] = [];
    for (const form of present) trials.push(...(await trialsOf(form, image.path, imageSha256, directory)));
    const missing = forms.filter((form) => !hasPacker(form)).map(({ name, packer }) => `${name} (no ${packer})`);
    printHead({ image: facts, ...(missing.length === 0 ? {} : { 'left out': missing.join(', ') }) }, rounds);
    const rows = await interleave(trials, rounds);
    printRows(rows, columns(rows, image.sizeBytes), legend);
  },
});

/** The row that all others are compared with: what a person would type. */
const measureOfAll = 'xz -dc -T0';
const legend = `x xz: wall time over that of the first \`${measureOfAll}\`; x own: over that of the form's own program,
the first of its rows. MB/s of decoded bytes: programs write to /dev/null, piburn into its store.`;
const hasPacker = ({ packer }: Form): boolean => packer === undefined || isThere(packer);

interface DecodeTrial extends Trial {
  readonly form: string;
  readonly by: 'piburn' | 'program';
  /** As people would type it, without the file. */
  readonly line: string;
}

/** Packs the image; then every program that is there, and piburn. */
async function trialsOf(form: Form, image: string, imageSha256: string, directory: string): Promise<DecodeTrial[]> {
  const archive = join(directory, form.fileName);
  tell(`packing: ${form.name}`);
  await form.pack(image, archive);
  await run(['sync', archive]);
  const trial = (by: DecodeTrial['by'], line: string, measureIt: DecodeTrial['run']): DecodeTrial => {
    return { name: `${form.name}: ${line}`, form: form.name, by, line, run: measureIt };
  };
  const programs = form.unpackers.filter(({ command }) => isThere(command(archive)[0]));
  for (const program of programs) await checkProgram(program, archive, imageSha256);
  return [
    ...programs.map(({ line, command }) => trial('program', line, () => measure(command(archive)))),
    ...[[], ...(form.options ?? [])].map((options) =>
      trial('piburn', ['piburn', ...options].join(' '), () => getImage(archive, options, imageSha256, directory)),
    ),
  ];
}

/** What goes to /dev/null is not seen again: once before the rounds, each program's output is looked at. */
async function checkProgram({ line, command }: Unpacker, archive: string, imageSha256: string): Promise<void> {
  tell(`checking: ${line}`);
  const decoded = `${archive}.decoded`;
  await run(command(archive), { into: decoded });
  if ((await sha256Of(decoded)) !== imageSha256)
    throw failure('DECODED_WRONG', `${line} does not give the image back that was packed in ${archive}`);
  rmSync(decoded);
}

const getImage = (archive: string, options: readonly string[], imageSha256: string, directory: string) =>
  withDirectory(async (store) => {
    const measured = await measure(piburn('image', 'get', archive, `--store=${store}`, ...options));
    return await checkStore(measured, store, imageSha256);
  }, directory);

function columns(rows: readonly Row<DecodeTrial>[], imageBytes: number): Column<DecodeTrial>[] {
  const first = rows.find(({ trial }) => trial.line === measureOfAll);
  const ownOf = ({ trial }: Row<DecodeTrial>) =>
    rows.find((row) => row.trial.form === trial.form && row.trial.by === 'program');
  return [
    wallColumn,
    cpuColumn,
    speedColumn('MB/s', imageBytes),
    ratioColumn('x xz', wallSeconds, () => first),
    ratioColumn('x own', wallSeconds, ownOf),
    peakColumn,
  ];
}
