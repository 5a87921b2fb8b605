/** Resource ids of object 9 that the tester names. */
export const RES = {
  name: 0,
  version: 1,
  package: 2,
  uri: 3,
  install: 4,
  checkpoint: 5,
  uninstall: 6,
  state: 7,
  supportedObjects: 8,
  result: 9,
  activate: 10,
  deactivate: 11,
  activation: 12,
  settings: 13,
  user: 14,
  password: 15,
  reason: 16,
  components: 17,
  treeLength: 18,
} as const;

/** Resource ids of object 14. */
export const COMPONENT = { identity: 0, pack: 1, version: 2, activate: 3, deactivate: 4, activation: 5 } as const;

/** Update State, resource 7. */
export const STATE = { INITIAL: 0, DOWNLOAD_STARTED: 1, DOWNLOADED: 2, DELIVERED: 3, INSTALLED: 4 } as const;
export type StateName = keyof typeof STATE;

/** Update Result, resource 9. 4 to 49 and 60 to 200 are reserved, 55 is not assigned. */
export const RESULT = {
  INITIAL: 0,
  DOWNLOADING: 1,
  INSTALLED: 2,
  VERIFIED: 3,
  NO_STORAGE: 50,
  NO_MEMORY: 51,
  CONNECTION_LOST: 52,
  INTEGRITY_FAILED: 53,
  UNSUPPORTED_TYPE: 54,
  INVALID_URI: 56,
  DEVICE_ERROR: 57,
  INSTALL_FAILED: 58,
  UNINSTALL_FAILED: 59,
} as const;
export type ResultName = keyof typeof RESULT;

function nameOf(table: Readonly<Record<string, number>>, value: number): string | undefined {
  return Object.entries(table).find(([, number]) => number === value)?.[0];
}

/** `DELIVERED (3)`, `undefined (7)` for a number without name. */
export function printState(value: number): string {
  return `${nameOf(STATE, value) ?? 'undefined'} (${value})`;
}

/** `INTEGRITY_FAILED (53)`, `reserved (55)` for a number without name. */
export function printResult(value: number): string {
  return `${nameOf(RESULT, value) ?? 'reserved'} (${value})`;
}

/** True for a number that the result table names. */
export function isResult(value: number): boolean {
  return nameOf(RESULT, value) !== undefined;
}
