import { RESULT, STATE } from './codec/swmgmt.ts';

/** Update State, Update Result and Activation State as one answer showed them. */
export interface Triple {
  readonly state: number;
  readonly result: number;
  readonly active: boolean;
}

/** What one look shows: `unreadable` is a complete answer without these resources in it. */
export type Look = Triple | 'unreadable';

/** `3/0/0` */
export function printTriple({ state, result, active }: Triple): string {
  return `${state}/${result}/${active ? 1 : 0}`;
}

interface StateRow {
  /** Results that may stand with it (table of results, normal state when seen). */
  readonly results: readonly number[];
  /** What Install, Uninstall, Activate, Deactivate and a new package may do there: the states they lead to. */
  readonly install: readonly number[];
  readonly uninstall: readonly number[];
  readonly activation: boolean;
  readonly download: boolean;
}

const DOWNLOAD_FAILURES = [
  RESULT.NO_STORAGE,
  RESULT.NO_MEMORY,
  RESULT.CONNECTION_LOST,
  RESULT.INTEGRITY_FAILED,
  RESULT.UNSUPPORTED_TYPE,
  RESULT.INVALID_URI,
];

/** The update machine as the object definition describes it, by state number. */
export const STATE_TABLE: Readonly<Record<number, StateRow>> = {
  [STATE.INITIAL]: {
    results: [RESULT.INITIAL, ...DOWNLOAD_FAILURES, RESULT.DEVICE_ERROR],
    install: [],
    uninstall: [],
    activation: false,
    download: true,
  },
  [STATE.DOWNLOAD_STARTED]: {
    results: [RESULT.INITIAL, RESULT.DOWNLOADING],
    install: [],
    uninstall: [],
    activation: false,
    download: false,
  },
  [STATE.DOWNLOADED]: {
    results: [RESULT.INITIAL, RESULT.DOWNLOADING, RESULT.VERIFIED],
    install: [],
    uninstall: [],
    activation: false,
    download: false,
  },
  [STATE.DELIVERED]: {
    results: [RESULT.INITIAL, RESULT.VERIFIED, RESULT.INSTALL_FAILED, RESULT.DEVICE_ERROR],
    install: [STATE.INSTALLED, STATE.DELIVERED],
    uninstall: [STATE.INITIAL],
    activation: false,
    download: false,
  },
  [STATE.INSTALLED]: {
    results: [RESULT.INSTALLED, RESULT.UNINSTALL_FAILED, RESULT.DEVICE_ERROR],
    install: [],
    uninstall: [STATE.INITIAL],
    activation: true,
    download: false,
  },
};

/** States that the device leaves by itself. */
export function isWorking(state: number): boolean {
  return state === STATE.DOWNLOAD_STARTED || state === STATE.DOWNLOADED;
}

/** Readings that decide which combinations are legal, and what the device was doing. */
export interface Readings {
  /** A17: 57 stands in INITIAL only. */
  readonly deviceErrorOnly0: boolean;
  /** A5: the activation after Uninstall is left to the device. */
  readonly activeInInitial: boolean;
  /** The request before was Uninstall: while it works, and after it failed, the result is left to the device (A18). */
  readonly uninstalling: boolean;
}

/**
 * What is wrong with a combination; undefined where it is legal. A result that Uninstall in DELIVERED left standing (0 with 58 or 3) is the finding of the
 * case about that transition and is not counted again.
 */
export function illegal(seen: Triple, readings: Readings): string | undefined {
  const { state, result, active } = seen;
  const row = STATE_TABLE[state];
  if (row === undefined) return `Update State ${state} is none`;
  const leftActive = readings.activeInInitial && state === STATE.INITIAL;
  if (active && !row.activation && !leftActive) return `Activation State 1 in ${printTriple(seen)}`;
  const leftOver = state === STATE.INITIAL && (result === RESULT.INSTALL_FAILED || result === RESULT.VERIFIED);
  const early = readings.uninstalling && state === STATE.INSTALLED && result === RESULT.INITIAL;
  const misplaced57 = readings.deviceErrorOnly0 && result === RESULT.DEVICE_ERROR && state !== STATE.INITIAL;
  if (leftOver || early || (row.results.includes(result) && !misplaced57)) return undefined;
  return `Update Result ${result} in Update State ${state}`;
}

const DOWNLOAD_ORDER: readonly number[] = [STATE.INITIAL, STATE.DOWNLOAD_STARTED, STATE.DOWNLOADED, STATE.DELIVERED];

/** The steps of one download that go against its order, as `2 -> 1`; what was not seen in between is no deviation. */
export function wrongSteps(states: readonly number[]): string[] {
  return states.slice(1).flatMap((to, i) => {
    const from = states[i] ?? to;
    return DOWNLOAD_ORDER.indexOf(to) >= DOWNLOAD_ORDER.indexOf(from) && DOWNLOAD_ORDER.includes(to)
      ? []
      : [`${from} -> ${to}`];
  });
}
