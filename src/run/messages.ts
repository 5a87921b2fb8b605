import type { IxitValue } from '../core/ixit.ts';
import type { CaseRecord, RunHead } from '../core/record.ts';
import type { Rig } from '../rig/rig.ts';

/** A case that the selection let in. */
export interface PlannedCase {
  readonly id: string;
  readonly spec: string;
  /** Every item that the selection read, the primary one first. */
  readonly items: readonly string[];
  /** The variants to run; empty where the case has none. */
  readonly variants: readonly string[];
}

/** What the declaration says, as far as cases and judges may ask for it. */
export interface Declared {
  /** Item to its answer, `OCFSWU 3/2`; every item of the proformas stands here. */
  readonly items: Readonly<Record<string, boolean>>;
  /** By standard. */
  readonly ixit: Readonly<Record<string, Readonly<Record<string, IxitValue>>>>;
  readonly policies: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** All that a child needs: plain data, sent as its first message. */
export interface ChildTask {
  readonly cases: readonly PlannedCase[];
  readonly declared: Declared;
  readonly rig: Rig;
  readonly stateDir: string;
  readonly privateDir: string;
  readonly epochMs: number;
  /** URL of the module that exports the list of standards. */
  readonly standards: string;
  readonly simArgs: readonly string[];
  /** See `WatchTimes`. */
  readonly attemptBaseMs: number;
  /** Set where reports are wanted: the folder for Allure's results and what it needs to know of the run. */
  readonly allure: { readonly dir: string; readonly head: RunHead } | null;
}

/** From the parent to the child. */
export type ToChild =
  | { readonly type: 'start'; readonly task: ChildTask }
  /** End the case in hand, settle the device, run no more. */
  | { readonly type: 'settle'; readonly why: string }
  | { readonly type: 'confirmed'; readonly id: number; readonly typed: string }
  | { readonly type: 'refused'; readonly id: number; readonly why: string };

/** From the child to the parent. */
export type FromChild =
  | { readonly type: 'beat' }
  | { readonly type: 'case'; readonly id: string }
  | { readonly type: 'attempt'; readonly id: string; readonly variant: string | null; readonly attempt: number }
  | { readonly type: 'transfer'; readonly what: string; readonly done: number; readonly total: number | null }
  | { readonly type: 'done'; readonly record: CaseRecord }
  /** The rig counts as broken from here. */
  | { readonly type: 'broken'; readonly fault: string }
  /** A defect of the tester that belongs to no case for sure. */
  | { readonly type: 'defect'; readonly message: string }
  /** A person has to do something at the bench, or to type something. */
  | { readonly type: 'prompt'; readonly id: number; readonly text: string }
  /** This process cannot be trusted any more (an await that never ends): go on in a new one. */
  | { readonly type: 'replace'; readonly why: string }
  /** The end marker. */
  | { readonly type: 'end' };
