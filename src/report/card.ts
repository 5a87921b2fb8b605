import { printError } from '../core/errors.ts';
import type { AttemptRecord, CaseRecord, RunHead, VariantRecord, WaiverRecord } from '../core/record.ts';
import type { Statement } from '../core/statement.ts';
import type { Reason } from '../core/verdict.ts';
import { likelyCauses } from './cause.ts';
import { readEvents } from './evidence.ts';
import { claimOf, telling } from './reason.ts';
import { type Shown, SHOWN_TEXT, shownAs, waiversOf } from './status.ts';
import { around, folded, landmark, type Line, type Printer, printLine, timelineOf } from './timeline.ts';

/** What an engineer needs of a case that did not pass, without opening anything else. */
export interface Card {
  /** With the variant, where one decided: `OCFSWU/TRIG/04@isac`. */
  readonly id: string;
  readonly shown: Shown;
  readonly purpose: string;
  /** With what it asks: `OCFSWU 3/5 updatetime`. */
  readonly item: string;
  /** The statement behind the verdict; null where the reason names none. */
  readonly statement: Statement | null;
  readonly message: string;
  readonly expected: string | null;
  readonly observed: string | null;
  /** Ten decoded lines around the moment; empty where the evidence was not kept. */
  readonly lines: readonly Line[];
  /** Number of the event that the verdict rests on. */
  readonly at: number | null;
  /** Why there are no lines. */
  readonly missing: string | null;
  readonly causes: readonly { readonly cause: string; readonly look: string }[];
  /** Repeats just this case. */
  readonly repeat: string;
  readonly waivers: readonly WaiverRecord[];
  readonly notes: readonly string[];
  readonly attempts: readonly string[];
}

/** Where the decoded lines come from. */
export interface Sources {
  readonly runDir: string;
  readonly print?: Printer;
  /** Why no line may be shown: a secret in it could not be redacted. */
  readonly withheld?: string;
}

/** The variant that decided the verdict of a case with variants. */
function decisive(c: CaseRecord): VariantRecord | undefined {
  return c.variants.find((v) => v.verdict === c.verdict);
}

/** The attempt whose verdict became the verdict of the case: the last one. */
export function decisiveAttempt(c: CaseRecord): AttemptRecord | undefined {
  const attempts = decisive(c)?.attempts ?? c.attempts;
  return attempts.findLast((a) => a.verdict === c.verdict) ?? attempts.at(-1);
}

/** `'` around an argument that a shell would take apart. */
function quoted(arg: string): string {
  return /^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", String.raw`'\''`)}'`;
}

/** The command that runs just this case again, quoted for a shell; with `--anyway` where the run had it. */
export function repeatCommand(c: { readonly id: string }, run: RunHead): string {
  const anyway = run.ics.anyway ? ' --anyway' : '';
  return `plumbline run --ics ${quoted(run.ics.file)} --rig ${quoted(run.rig.file)} --case ${quoted(c.id)}${anyway}`;
}

/** The item with what it asks, as the proforma has it. */
function itemText(item: string, run: RunHead): string {
  const rows = run.ics.sheets.flatMap((sheet) => sheet.tables.flatMap((t) => t.items));
  const name = rows.find((row) => row.item === item)?.name;
  return name === undefined ? item : `${item} ${name}`;
}

interface Evidence {
  readonly at: number | null;
  readonly lines: readonly Line[];
  readonly missing: string | null;
  readonly causes: Card['causes'];
}

function evidenceOf(c: CaseRecord, reason: Partial<Reason>, { runDir, print, withheld }: Sources): Evidence {
  const attempt = decisiveAttempt(c);
  const said = [reason.message, reason.expected, reason.observed].filter((s) => s !== undefined).join('\n');
  const without = (missing: string): Evidence => ({
    at: reason.at ?? null,
    lines: [],
    missing,
    causes: likelyCauses({ code: reason.code, said, events: [], lines: [] }),
  });
  if (attempt === undefined) return without('the case was not run');
  try {
    const events = readEvents(runDir, attempt);
    if (events === undefined)
      return without(`the event log of this attempt was not kept (private/${attempt.evidence})`);
    if (withheld !== undefined) return without(withheld);
    const at = reason.at === undefined ? undefined : landmark(c.spec, events, print, reason.at);
    const lines = around(folded(timelineOf(c.spec, events, print, at), at), at);
    return { at: at ?? null, lines, missing: null, causes: likelyCauses({ code: reason.code, said, events, lines }) };
  } catch (e) {
    return without(printError(e));
  }
}

/** The card of a case that did not pass; null for PASS and NOT_APPLICABLE. */
export function cardOf(c: CaseRecord, run: RunHead, sources: Sources): Card | null {
  if (c.verdict === 'PASS' || c.verdict === 'NOT_APPLICABLE') return null;
  const variant = decisive(c);
  const given = variant?.reason ?? c.reason;
  const reason: Partial<Reason> = { ...given } as Partial<Reason>;
  const { at, lines, missing, causes } = evidenceOf(c, reason, sources);
  const statement = reason.statement;
  return {
    id: variant?.id ?? c.id,
    shown: shownAs(c, run),
    purpose: c.purpose,
    item: itemText(c.item, run),
    statement:
      statement === undefined
        ? null
        : (run.statements[statement] ?? { id: statement, place: 'place not recorded', text: '' }),
    message: given === null ? 'no reason was recorded' : claimOf(given),
    expected: telling(reason.expected),
    observed: telling(reason.observed),
    lines,
    at,
    missing,
    causes,
    repeat: repeatCommand(c, run),
    waivers: waiversOf(c, run),
    notes: c.notes,
    attempts: attemptLines(variant?.attempts ?? c.attempts),
  };
}

/** One line per attempt, where there was more than one; one line for all where they ended the same. */
function attemptLines(attempts: readonly AttemptRecord[]): string[] {
  if (attempts.length < 2) return [];
  const ends = attempts.map((a) => `${a.verdict}${a.reason === null ? '' : ` – ${a.reason.message}`}`);
  if (new Set(ends).size === 1) return [`${attempts.length}, each ${ends[0] ?? ''}`];
  return ends.map((end, i) => `${i + 1}: ${end}`);
}

function cut(line: string, columns: number): string {
  return line.length <= columns ? line : `${line.slice(0, columns - 1)}…`;
}

const LABEL_WIDTH = 11;

/** Text under a label, further lines set in by the label's width. */
function field(label: string, text: string): string {
  return `${label.padEnd(LABEL_WIDTH)}${text.replaceAll('\n', `\n${' '.repeat(LABEL_WIDTH)}`)}`;
}

/** The card as plain text: what the terminal shows and what Allure carries. Decoded lines are cut to the columns of a terminal where there is one. */
export function cardText(card: Card, columns = Number.POSITIVE_INFINITY): string {
  const { statement } = card;
  const parts = [
    `${SHOWN_TEXT[card.shown]}  ${card.id}  ${card.purpose}`,
    '',
    statement === null ? [] : field('statement', `${statement.id} (${statement.place})\n${statement.text}`.trimEnd()),
    field('item', card.item),
    card.expected === null ? [] : field('expected', card.expected),
    card.observed === null ? [] : field('observed', card.observed),
    card.message === card.expected ? [] : field('because', card.message),
    card.waivers.map((w) => field('waived', `${w.statement} by ${w.owner} until ${w.expires}: ${w.reason}`)),
    card.attempts.map((line, i) => field(i === 0 ? 'attempts' : '', line)),
    card.notes.map((note) => field('note', note)),
    '',
    card.lines.length === 0
      ? field('moment', card.missing ?? 'nothing was recorded')
      : [
          'moment (seconds on the bench clock since the run began)',
          ...card.lines.map((l) => cut(printLine(l, card.at ?? undefined), columns)),
        ],
    '',
    card.causes.map(({ cause, look }, i) => field(i === 0 ? 'likely' : 'or', `${cause}\n${look}`)),
    field('repeat', card.repeat),
  ];
  return `${parts.flat().join('\n')}\n`;
}
