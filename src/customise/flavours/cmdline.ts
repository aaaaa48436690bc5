// cmdline.txt: the kernel's command line, which the firmware reads from the first line of the file.

import { failure, type PiburnError } from '../../errors.js';

/** The 32-bit ARM kernel cuts its command line at COMMAND_LINE_SIZE (arch/arm/include/uapi/asm/setup.h). */
const maxBytes = 1024;

/**
 * Appends words to the one line, after taking out what `earlier` (a global pattern) matches: words that an
 * earlier run put there. Everything else stays as it is.
 * Throws a failure `CMDLINE` when the file is not one line of text, or would be too long.
 */
export function withKernelWords(cmdline: string, earlier: RegExp, words: string): string {
  const lines = cmdline.split(/\r?\n/).filter((line) => line.trim() !== '');
  const [line] = lines;
  if (line === undefined) throw wrongCmdline('is empty or missing');
  if (lines.length > 1) throw wrongCmdline(`has ${lines.length} lines, but only its first one would be read`);
  if (/[^\P{Cc}\t]/u.test(line)) throw wrongCmdline('has control characters');
  const result = `${line.replace(earlier, '').trim()} ${words}\n`;
  const bytes = Buffer.byteLength(result);
  if (bytes > maxBytes) throw wrongCmdline(`would have ${bytes} bytes, more than the kernel's ${maxBytes}`);
  return result;
}

const wrongCmdline = (problem: string): PiburnError =>
  failure('CMDLINE', `The image's cmdline.txt ${problem}; its settings cannot be added.`, {
    hint: 'Check the boot partition of the image, or write it as it is with `piburn burn`.',
  });
