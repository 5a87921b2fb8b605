import type { Statement } from './statement.ts';
import type { Reason, Verdict } from './verdict.ts';

/** One try at a case; INCONC and ERROR are tried again at most twice, and every try stays in the record. */
export interface AttemptRecord {
  readonly verdict: Verdict;
  readonly reason: Reason | null;
  readonly reasons: readonly Reason[];
  readonly notes: readonly string[];
  readonly statements: Readonly<Record<string, Verdict>>;
  /** Unix milliseconds. */
  readonly startedAt: number;
  readonly durationMs: number;
  /** Folder of the attempt's evidence, relative to the run's `private/`. */
  readonly evidence: string;
}

/** One variant of a parameterised case, recorded as `ID@variant`. */
export interface VariantRecord {
  readonly id: string;
  readonly verdict: Verdict;
  readonly reason: Reason | null;
  readonly attempts: readonly AttemptRecord[];
}

/** One case in a run record; planned, left out, or never reached. */
export interface CaseRecord {
  readonly id: string;
  readonly spec: string;
  readonly group: string;
  readonly purpose: string;
  /** The primary item. */
  readonly item: string;
  /** Every item that the selection read, the primary one first. */
  readonly items: readonly string[];
  readonly kind: 'verdict' | 'informative';
  readonly verdict: Verdict;
  readonly reason: Reason | { readonly verdict: 'NOT_APPLICABLE' | 'NOT_RUN'; readonly message: string } | null;
  /** Statement id to the worst verdict that this case gave it; null where it was not judged. */
  readonly statements: Readonly<Record<string, Verdict | null>>;
  readonly notes: readonly string[];
  readonly durationMs: number;
  readonly attempts: readonly AttemptRecord[];
  readonly variants: readonly VariantRecord[];
  /** Name to value of the policies that the case reads. */
  readonly policies: Readonly<Record<string, string>>;
  readonly related: readonly string[];
}

/** One row of a filled-in proforma. */
export interface SheetItem {
  /** `DFUM 3/2`. */
  readonly item: string;
  /** What the row asks. */
  readonly name: string;
  /** As the proforma prints it: `M`, `C.1`, `O.2`. */
  readonly status: string;
  /** The condition behind the status in the condition language; null where there is none. */
  readonly condition: string | null;
  /** What the status comes to with these answers. */
  readonly demand: 'mandatory' | 'optional' | 'excluded' | 'not applicable';
  /** null: left unanswered. */
  readonly answer: boolean | null;
  /** Clause of the standard. */
  readonly reference: string;
}

/** One table of a filled-in proforma. */
export interface SheetTable {
  /** `3`, `10`. */
  readonly id: string;
  readonly title: string;
  readonly prerequisite: string | null;
  readonly applicable: boolean;
  readonly items: readonly SheetItem[];
}

/** A proforma as filled in for the product, so that a stored record needs no other file to be read. */
export interface Sheet {
  readonly spec: string;
  /** Of the standard: `OCF software update`. */
  readonly title: string;
  /** Id, date and issue of the proforma: `DFUM.ICS.p1, 2024-07-01, TCRL.2024-1`. */
  readonly proforma: string;
  readonly digest: string;
  readonly tables: readonly SheetTable[];
}

/** A declared value (IXIT) or the reading of an ambiguous place (policy), with what it means. */
export interface SettingRecord {
  readonly spec: string;
  readonly name: string;
  /** As declared; a key stands here as its reference, never as itself. */
  readonly value: string | number | boolean;
  readonly isDefault: boolean;
  readonly text: string;
}

/** One thing wrong with the declaration, as `plumbline ics check` tells it. */
export interface FindingRecord {
  readonly rule: string;
  readonly item: string;
  readonly message: string;
  /** The rule as the proforma writes it. */
  readonly condition: string;
  readonly clause: string;
  /** The smallest change that mends it. */
  readonly fix: string;
}

/** An accepted FAIL of one case, as declared with the ICS. */
export interface WaiverRecord {
  readonly case: string;
  readonly statement: string;
  readonly owner: string;
  /** Last day on which it holds, `2027-01-31`. */
  readonly expires: string;
  readonly reason: string;
}

/** The declaration as it stood when the run began. */
export interface IcsRecord {
  readonly file: string;
  readonly digest: string;
  readonly consistent: boolean;
  /** Run on an inconsistent declaration by `--anyway`: every page says so. */
  readonly anyway: boolean;
  readonly findings: readonly FindingRecord[];
  /** The filled-in proformas, one per standard declared. */
  readonly sheets: readonly Sheet[];
  readonly ixit: readonly SettingRecord[];
  readonly policies: readonly SettingRecord[];
  readonly waivers: readonly WaiverRecord[];
}

/** `reports/<run>/run.json`: what a run came to; every report is made from it alone. */
export interface RunRecord {
  readonly schema: 1;
  readonly run: string;
  /** `incomplete` until the settled record is renamed into place. */
  readonly state: 'incomplete' | 'complete';
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly versions: Readonly<Record<string, string>>;
  readonly product: Readonly<Record<string, string>>;
  readonly ics: IcsRecord;
  /** Text and place of every statement that the cases name. */
  readonly statements: Readonly<Record<string, Statement>>;
  readonly rig: {
    readonly name: string;
    readonly file: string;
    readonly digest: string;
    readonly factors: { readonly protocol: number; readonly link: number };
    /** The first bench fault after which the rig counted as broken, or null. */
    readonly broken: string | null;
  };
  readonly counts: Readonly<Record<Verdict, number>>;
  /** Defects of the tester that surfaced outside of every case (a forgotten `await`): the run as a whole counts as ERROR. */
  readonly errors?: readonly string[];
  /** Cases that the declaration makes applicable and that this run was not asked for; absent where it was asked for all. */
  readonly notAsked?: number;
  readonly cases: readonly CaseRecord[];
}

/** What is known of a run before its first case: enough to report a single case. */
export type RunHead = Omit<RunRecord, 'state' | 'endedAt' | 'counts' | 'cases'>;
