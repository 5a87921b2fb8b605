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
  readonly ics: {
    readonly file: string;
    readonly digest: string;
    readonly consistent: boolean;
    /** Run on an inconsistent declaration by `--anyway`: every page says so. */
    readonly anyway: boolean;
    readonly findings: readonly { readonly rule: string; readonly item: string; readonly message: string }[];
  };
  readonly rig: {
    readonly name: string;
    readonly file: string;
    readonly digest: string;
    readonly factors: { readonly protocol: number; readonly link: number };
    /** The first bench fault after which the rig counted as broken, or null. */
    readonly broken: string | null;
  };
  readonly counts: Readonly<Record<Verdict, number>>;
  readonly cases: readonly CaseRecord[];
}
