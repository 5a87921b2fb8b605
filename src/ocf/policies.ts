/**
 * Readings of the places that the change request leaves open, by the names of the proforma. `information` records what the device does
 * and moves no verdict.
 */
export interface OcfPolicies {
  /** UPDATE that leaves out one of the three required properties. */
  readonly partialUpdate: 'refuse' | 'accept' | 'information';
  /** Package URL above 64 characters. */
  readonly longPurl: 'refuse' | 'accept' | 'information';
  /** Property and value spellings of the draft (`updateTime`, `isv`, `sv`). */
  readonly spelling: 'fail' | 'information';
  /** UPDATE with the baseline interface. */
  readonly postInterface: 'mustWork' | 'information';
  readonly timeWithoutSeconds: 'refuse' | 'information';
  readonly leapSecond: 'refuse' | 'accept' | 'information';
  /** `any4xx`, or the codes that a refusal may carry: `4.00, 4.06`. */
  readonly errorCode: string;
  /** Read-only or misspelt property in an UPDATE. */
  readonly silentIgnore: 'refuse' | 'refuseOrIgnore';
  readonly pastUpdate: 'refuse' | 'accept' | 'either';
  readonly overdueAtBoot: 'mustNotRun' | 'mustRun' | 'information';
  readonly actionAfterRun: 'idle' | 'unchanged' | 'information';
  readonly resetDefaults: 'idleIdle0' | 'information';
  readonly persistSchedule: 'mustRun' | 'information';
  /** Does a check or a verification go on to the next step by itself. */
  readonly chain: 'stops' | 'mayGoOn';
  readonly restAfterFailure: 'idle' | 'idleNsaSva';
  readonly combinedTm: 'refuse' | 'refuseOrNoEffect';
  readonly cmDuringCheck: 'idle0' | 'information';
  readonly transitionOrder: 'fail' | 'information';
  readonly pstatMaximum: 'raise' | 'reportConflict';
  /** Results that table 5 does not name. */
  readonly resultRange: 'fail' | 'information';
  readonly resultNoNewVersion: '0' | '1' | 'either';
  readonly resultReset: 'atStart' | 'information';
  /** A body that names a property twice. */
  readonly duplicateKeys: 'refuse' | 'either';
  /** What the state shows while a validation fetches the package. */
  readonly stateWhileFetching: 'svv' | 'svvOrNsa' | 'information';
  /** The result that a device shows after the power cut that ended its update. */
  readonly resultAfterPowerCut: 'failure' | 'information';
  /** Result 1 in a state of work. */
  readonly earlySuccess: 'fail' | 'information';
  readonly rtInUpdateAnswer: 'fail' | 'information';
  readonly unknownProperty: 'fail' | 'information';
  readonly updateDuringRun: 'refuse' | 'accept' | 'information';
}

/** True where the code is one that a refusal may carry: of class 4, and in the list if the policy gives one. */
export function isRefusal(code: string, errorCode: string): boolean {
  if (!code.startsWith('4.')) return false;
  return errorCode === 'any4xx' || errorCode.split(/[\s,]+/).includes(code);
}
