/**
 * Readings of the places that the enabler leaves open, by the names of the proforma. `information` records what the device does
 * and moves no verdict.
 */
export interface Lwm2mPolicies {
  /** Update Result in DELIVERED. */
  readonly resultDelivered: '0' | '3' | 'either';
  /** Update Result after Uninstall in DELIVERED. */
  readonly resultAfterUninstall: 'reset' | 'information';
  /** `any4xx`, or the codes that a refusal may carry: `4.00 4.05`. */
  readonly refusalCode: string;
  readonly executeOrder: 'answerFirst' | 'actFirst' | 'either';
  readonly activationAfterUninstall: '0' | 'information';
  /** Activate when active, Deactivate when inactive. */
  readonly repeatedActivation: 'accept' | 'refuse' | 'either';
  readonly runningAfterForUpdate: 'information';
  /** An empty Package or Package URI. */
  readonly emptyPackage: 'notDelivered' | 'information';
  readonly badUri: 'refuse' | 'report56' | 'either';
  /** Results, with blanks: `52 56 57`. */
  readonly fileNotFound: string;
  readonly pushStates: 'orderOnly' | 'mustBeSeen';
  readonly deleteInstalled: 'information';
  /** Registration Update after Create and Delete by the server. */
  readonly updateAfterCreate: 'must' | 'information';
  readonly activationSource: 'object14' | 'object9';
  /** Write of 2 or 3, or Uninstall, where the state has no transition for it. */
  readonly outOfState: 'refuse' | 'consistent' | 'information';
  /** Results, with blanks: `52 56 57`. */
  readonly nobodyListens: string;
  readonly deviceErrorState: 'allow' | 'only0';
  readonly failedUninstallResult: '59' | '59or57' | 'unchanged' | 'information';
  readonly forUpdateInDelivered: 'refuse' | 'refuseOrInitial';
  readonly unfinishedPush: '0/52' | '0/52or0/0';
  /** Changed objects with Update Supported Objects false. */
  readonly objectsTold: 'periodicOnly' | 'information';
  /** A repeated message at a device that declares no memory of them. */
  readonly repeatedRequest: 'sameAnswer' | 'information';
}

/** True where the code is one that a refusal may carry: of class 4, and in the list if the policy gives one. */
export function isRefusal(code: string, refusalCode: string): boolean {
  if (!code.startsWith('4.')) return false;
  return refusalCode === 'any4xx' || refusalCode.split(/[\s,]+/).includes(code);
}

/** The numbers of a policy that lists results. */
export function resultsOf(list: string): number[] {
  return list.split(/[\s,]+/).map(Number);
}
