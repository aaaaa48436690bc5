// Keeps what `piburn status` shows of a run: written about once a second, and whenever a card begins or ends. That it cannot
// be written (a full disk) is a warning, told once; the burn goes on.

import { asPiburnError } from '../errors.js';
import { given } from '../given.js';
import type { LiveFacts, LiveState } from '../protocol/live.js';
import type { BurnEvent } from '../protocol.js';
import { beginLive, type LiveNote } from '../records/live-run.js';
import type { RecordsPlace } from '../records/place.js';
import { nameOf } from './process-name.js';
import { ownRunId } from './run-id.js';
import { isEngine } from './supervisor.js';
import type { Terminal } from './terminal.js';

const everyMs = 1000;

export interface LiveRecord {
  /** An event that has been folded into the state. */
  take(event: BurnEvent): void;
  /** The run has come to its end, and so does the command. */
  end(exitCode: number): void;
  /** The command ends with an error. A run that had begun no card is forgotten, if there is somebody who reads the error. */
  fail(exitCode: number): void;
}

/** `state`: the run as it is now. */
export function keepLive(
  place: RecordsPlace,
  { command, image }: Pick<LiveFacts, 'command' | 'image'>,
  state: () => LiveState,
  terminal: Terminal,
): LiveRecord {
  const startedMs = performance.now();
  const facts = { command, image, ...ownFacts(terminal) };
  let note: LiveNote | undefined;
  let isBegun = false;
  let isWarned = false;
  const attempt = (work: () => void) => {
    try {
      work();
    } catch (error) {
      if (isWarned) return;
      isWarned = true;
      terminal.say(`warning: \`piburn status\` cannot follow this run: ${asPiburnError(error).failure.message}`);
    }
  };
  const write = (exitCode?: number) =>
    attempt(() => note?.write({ elapsedMs: performance.now() - startedMs, state: state(), ...given({ exitCode }) }));
  let timer: NodeJS.Timeout | undefined;
  const begin = () => {
    attempt(() => {
      note = beginLive(place, facts);
    });
    write();
    timer = setInterval(() => write(), everyMs).unref();
  };
  const end = (exitCode: number) => {
    clearInterval(timer);
    write(exitCode);
    attempt(() => note?.close());
  };
  return {
    take(event) {
      // Not before: a command that is refused for its words leaves nothing.
      if (timer === undefined) begin();
      if (event.type === 'card-start' && !isBegun) {
        isBegun = true;
        terminal.foreground?.begin({ id: facts.id, pid: process.pid, ...given({ log: facts.log }) });
      }
      if (event.type === 'card-start' || event.type === 'card-end') write();
    },
    end,
    fail(exitCode) {
      const isHeard = terminal.foreground === undefined || terminal.foreground.isThere;
      if (isBegun || !isHeard) {
        if (timer === undefined) begin();
        end(exitCode);
        return;
      }
      clearInterval(timer);
      attempt(() => note?.forget());
    },
  };
}

function ownFacts({ foreground }: Terminal): Omit<LiveFacts, 'command' | 'image'> {
  const start = foreground?.start;
  const engine = nameOf(process.pid);
  return {
    id: start?.id ?? ownRunId(),
    startedAt: new Date().toISOString(),
    engine,
    leader: start === undefined && isEngine() ? nameOf(process.ppid) : engine,
    background: start !== undefined,
    ...given({ log: start?.log }),
  };
}
