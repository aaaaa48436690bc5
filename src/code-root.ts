// Where the compiled code lies: what is loaded by its path (workers, the addon, files of the package) is found from there.

/** dist/src, or dist/piburn where the command is bundled (bundle.mjs): two levels below the package's root, alike inside. */
const codeRoot = new URL('.', import.meta.url);

/** A module by its path below `src`, with `.js`: for the worker threads and child processes that run it. */
export const moduleUrl = (path: string): URL => new URL(path, codeRoot);

/** A file of the package by its path below the package's root. */
export const packageUrl = (path: string): URL => new URL(`../../${path}`, codeRoot);
