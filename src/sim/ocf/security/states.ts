/** Device states of `/oic/sec/pstat` (`dos.s`) with the bit that each sets in the current mode, and the states that a client may ask for next. */
export const DOS = {
  RESET: { s: 0, cm: 1, next: [] },
  RFOTM: { s: 1, cm: 2, next: ['RFPRO', 'RFNOP'] },
  RFPRO: { s: 2, cm: 0, next: ['RFNOP', 'SRESET', 'RESET'] },
  RFNOP: { s: 3, cm: 0, next: ['RFPRO', 'SRESET', 'RESET'] },
  SRESET: { s: 4, cm: 1, next: ['RFPRO', 'RESET'] },
} as const satisfies Record<string, { s: number; cm: number; next: readonly string[] }>;

export type DosName = keyof typeof DOS;

/** The state of a number; undefined where there is none. */
export function dosOf(s: unknown): DosName | undefined {
  return (Object.keys(DOS) as DosName[]).find((name) => DOS[name].s === s);
}

/** How an owner comes to the device. `label` goes into the owner's key. */
export const METHODS = {
  justworks: { oxm: 0, label: 'oic.sec.doxm.jw', sct: 1 },
  pin: { oxm: 1, label: 'oic.sec.doxm.rdp', sct: 1 },
  cert: { oxm: 2, label: 'oic.sec.doxm.mfgcert', sct: 9 },
} as const;

export type MethodName = keyof typeof METHODS;

/** `oxmsel` of a device that was not told a method yet. */
export const NO_METHOD = 4;

/** UUID where there is no owner. */
export const NOBODY = '00000000-0000-0000-0000-000000000000';

/** How long the reset of an owned device takes, in milliseconds of protocol time. */
export const RESET_MS = 2000;

/** An onboarding association without a request is given up after so many milliseconds of protocol time. */
export const IDLE_MS = 600_000;
