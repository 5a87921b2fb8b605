import type { CaseRecord, RunRecord } from '../core/record.ts';
import { reasonLine } from '../report/reason.ts';
import { NO_PROGRESS, type Progress } from '../run/progress.ts';
import type { Verdict } from '../core/verdict.ts';

/** What the terminal writes on; lets tests look at it. */
export interface Screen {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

const CLEAR_LINE = '\r\u001b[2K';
const COLOUR: Readonly<Record<Verdict, number>> = {
  PASS: 32,
  FAIL: 31,
  INCONC: 33,
  ERROR: 35,
  NOT_APPLICABLE: 90,
  NOT_RUN: 90,
};

function time(ms: number): string {
  const s = Math.round(ms / 1000);
  return s < 60 ? `${s} s` : `${Math.floor(s / 60)} min ${s % 60} s`;
}

/** `PASS 12, FAIL 1`: verdicts that occurred, in the order of the record. */
export function printCounts(counts: RunRecord['counts']): string {
  return Object.entries(counts)
    .filter(([, n]) => n > 0)
    .map(([verdict, n]) => `${verdict} ${n}`)
    .join(', ');
}

/** One line per case as it ends; on a terminal a last line that shows what goes on now, with a transfer and the time left. */
export function terminalProgress(screen: Screen): Progress {
  const live = screen.isTTY === true && process.env['NO_COLOR'] === undefined;
  let total = 0;
  let ended = 0;
  let began = 0;
  let now = '';
  let transfer = '';

  const status = (): void => {
    if (!live) return;
    const left = ended === 0 ? '' : `, about ${time(((performance.now() - began) / ended) * (total - ended))} left`;
    const text = `${ended + 1}/${total} ${now}${transfer}${left}`;
    screen.write(`${CLEAR_LINE}${text.slice(0, (screen.columns ?? 80) - 1)}`);
  };
  const line = (text: string): void => {
    screen.write(`${live ? CLEAR_LINE : ''}${text}\n`);
  };
  const verdict = (v: Verdict): string => (live ? `\u001b[${COLOUR[v]}m${v.padEnd(6)}\u001b[0m` : v.padEnd(6));
  return {
    started(run) {
      total = run.cases.length;
      began = performance.now();
      line(`run ${run.name}: ${total} cases on rig ${run.rig}`);
    },
    waiting: (holder) => line(`the rig is in use by ${holder}; waiting`),
    attempt(id, variant, attempt) {
      now = `${id}${variant === null ? '' : `@${variant}`}${attempt > 1 ? ` (attempt ${attempt})` : ''}`;
      transfer = '';
      status();
    },
    transfer(what, done, of) {
      transfer = of === null ? `, ${what} ${done}` : `, ${what} ${Math.floor((done / of) * 100)} %`;
      status();
    },
    done(record, left) {
      ended = total - left;
      line(`${String(ended).padStart(String(total).length)}/${total}  ${verdict(record.verdict)}  ${caseLine(record)}`);
      if (left > 0) status();
    },
    trouble: (message) => line(`! ${message}`),
    finished: (record, dir) => line(`${printCounts(record.counts)}; ${dir}`),
  };
}

function caseLine(record: CaseRecord): string {
  const because = record.reason === null ? `  ${record.purpose}` : `: ${reasonLine(record.reason)}`;
  const tries = record.attempts.length > 1 ? ` (${record.attempts.length} attempts)` : '';
  return `${record.id}${tries}${because}`;
}

/** One JSON object per line, for programs: `started`, `case`, `done`, `transfer`, `trouble`, `finished`. */
export function jsonProgress(screen: Screen): Progress {
  const say = (event: string, data: object): void => void screen.write(`${JSON.stringify({ event, ...data })}\n`);
  return {
    started: ({ name, dir, rig, cases }) => say('started', { run: name, dir, rig, cases: cases.map((c) => c.id) }),
    waiting: (holder) => say('waiting', { holder }),
    attempt: (id, variant, attempt) => say('case', { id, variant, attempt }),
    transfer: (what, done, total) => say('transfer', { what, done, total }),
    done: ({ id, verdict, reason, durationMs }, left) => say('done', { id, verdict, reason, durationMs, left }),
    trouble: (message) => say('trouble', { message }),
    finished: (record, dir) => say('finished', { dir, state: record.state, counts: record.counts }),
  };
}

/** Troubles and the outcome only. */
export function quietProgress(screen: Screen): Progress {
  const plain = terminalProgress({ write: (text) => screen.write(text) });
  return {
    ...NO_PROGRESS,
    trouble: (message) => plain.trouble(message),
    finished: (record, dir) => plain.finished(record, dir),
  };
}
