// How many random cases a property here gets: few in the suite, `PIBURN_FUZZ_RUNS` for more.

const asked = Number(process.env['PIBURN_FUZZ_RUNS'] ?? 0);

/** What fast-check takes; it prints the seed when a property fails. */
export const runs = (usual: number): { readonly numRuns: number } => ({ numRuns: asked > 0 ? asked : usual });
