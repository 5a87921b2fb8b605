import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CaseDef } from '../../core/case.ts';
import { suite } from '../../core/case.ts';
import { benchClock, wallNow } from '../../core/clock.ts';
import type { Ev } from '../../core/events.ts';
import type { IxitValue } from '../../core/ixit.ts';
import { register } from '../../core/registered.ts';
import type { Standard } from '../../core/standard.ts';
import type { TimeFactors } from '../../core/timing.ts';
import { attempt, type AttemptOutcome } from '../attempt.ts';
import { openLines, type OpenLines, readEvents, recorder } from '../recorder.ts';
import { type Session, settingOf } from '../session.ts';

/** How the attempt shall differ from a plain one. */
export interface InProcess {
  readonly ixit?: Readonly<Record<string, IxitValue>>;
  readonly factors?: TimeFactors;
  /** Files that fail on purpose. */
  readonly open?: OpenLines;
}

/**
 * One attempt at a case of a standard through the real recorder, drive verbs and judge, in this process and without a rig: what
 * the child does, less mocha and the retries.
 */
export async function attemptHere<T extends object, P>(
  standard: Standard<T, P>,
  definition: CaseDef<T, P>,
  options: InProcess = {},
): Promise<AttemptOutcome & { readonly events: readonly Ev[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-here-'));
  const factors = options.factors ?? { protocol: 1, link: 1 };
  const registered = register({ standard, suites: [suite(definition.id.split('/')[1] ?? '', [definition])] });
  const clock = benchClock(Math.round(wallNow()), factors.protocol);
  const log = recorder(join(folder, 'bench.jsonl'), () => clock.now(), options.open ?? openLines);
  const declared = { items: {}, ixit: { [standard.spec]: options.ixit ?? {} }, policies: {} };
  const setting = settingOf(registered, declared, factors);
  const open = await registered.open({
    events: log,
    clock,
    ...setting,
    address: (name) => name,
    has: () => false,
    stateDir: folder,
    privateDir: folder,
  });
  const session: Session = {
    ready: () => Promise.resolve(open),
    canRecover: false,
    recover: () => Promise.resolve(false),
    broken: () => undefined,
    close: () => open.close(),
  };
  // A calm event loop whatever else this computer does: what a delayed one means for a verdict is the subject of the judge's own tests.
  const loop = { max: 0, reset: () => undefined };
  try {
    const outcome = await attempt(
      {
        registered,
        setting,
        session,
        recorder: log,
        clock,
        privateDir: folder,
        loop,
        stop: new AbortController().signal,
        attemptBaseMs: 2_000,
        bootMs: 0,
        defects: () => [],
        lost: (fault) => {
          throw fault;
        },
      },
      { meta: definition, variant: undefined, folder: 'attempt' },
    );
    const events = options.open === undefined ? readEvents(join(folder, 'attempt', 'events.jsonl')) : [];
    return { ...outcome, events };
  } finally {
    await open.close();
    log.close();
    rmSync(folder, { recursive: true });
  }
}
