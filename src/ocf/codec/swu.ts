// The software update resource as data: properties, actions, states and results (tables 2 to 6 of the change request,
// spellings of the published schema).

/** One property of the software update resource. Lengths are in characters. */
export interface Property {
  readonly type: 'string' | 'integer' | 'strings';
  readonly access: 'R' | 'RW';
  readonly mandatory: boolean;
  readonly maxLength?: number;
  readonly format?: 'date-time' | 'uri';
  readonly values?: readonly string[];
  /** Other spellings found in drafts of the text, which a device of the published text does not use. */
  readonly draftSpellings?: readonly string[];
}

/** Actions that a client may ask for; `tm` is the bit in the target mode of `/oic/sec/pstat` that starts the same. */
export const ACTIONS = {
  idle: { tm: 0, meaning: 'nothing scheduled' },
  isac: { tm: 256, meaning: 'software availability check' },
  isvv: { tm: 64, meaning: 'software version validation: download and verify' },
  upgrade: { tm: 128, meaning: 'secure software update' },
} as const;

/** States of the update; `cm` are the bits under `UPDATE_MODE_MASK` of the current mode in `/oic/sec/pstat` (table 3). */
export const STATES = {
  idle: { cm: 0, meaning: 'nothing known, nothing going on' },
  nsa: { cm: 256, meaning: 'new software available' },
  svv: { cm: 256, meaning: 'software version validation going on' },
  sva: { cm: 320, meaning: 'validated software available' },
  upgrading: { cm: 448, meaning: 'upgrade going on' },
} as const;

export type ActionName = keyof typeof ACTIONS;
export type StateName = keyof typeof STATES;

/** Result codes below 400 (table 5); 400 to 600 carry the status of the package server. */
export const RESULTS = {
  idle: 0,
  success: 1,
  tooLittleRam: 2,
  tooLittleFlash: 3,
  connectionLost: 4,
  validationFailed: 5,
  invalidUrl: 6,
  unsupportedProtocol: 7,
  updateFailed: 8,
} as const;

export type ResultName = keyof typeof RESULTS;

/** Bits of `cm` and `tm` that speak of software update; the others belong to onboarding. */
export const UPDATE_MODE_MASK = 448;

/** Every property by its wire spelling. */
export const PROPERTIES = {
  purl: { type: 'string', access: 'RW', mandatory: true, maxLength: 64, format: 'uri' },
  nv: { type: 'string', access: 'R', mandatory: false, maxLength: 64 },
  signed: { type: 'string', access: 'R', mandatory: false, values: ['vendor'] },
  swupdateaction: { type: 'string', access: 'RW', mandatory: true, maxLength: 64, values: Object.keys(ACTIONS) },
  swupdatestate: { type: 'string', access: 'R', mandatory: true, values: Object.keys(STATES) },
  swupdateresult: {
    type: 'integer',
    access: 'R',
    mandatory: true,
    draftSpellings: ['result'],
  },
  lastupdate: { type: 'string', access: 'R', mandatory: false, maxLength: 64, format: 'date-time' },
  updatetime: {
    type: 'string',
    access: 'RW',
    mandatory: true,
    maxLength: 64,
    format: 'date-time',
    draftSpellings: ['updateTime', 'updateatime', 'update time'],
  },
} as const satisfies Record<string, Property>;

/** Common properties, seen with the baseline interface. */
export const COMMON_PROPERTIES = {
  rt: { type: 'strings', access: 'R', mandatory: true },
  if: { type: 'strings', access: 'R', mandatory: true },
  n: { type: 'string', access: 'RW', mandatory: false, maxLength: 64 },
  id: { type: 'string', access: 'RW', mandatory: false, maxLength: 64 },
} as const satisfies Record<string, Property>;

export type PropertyName = keyof typeof PROPERTIES;

/** The three properties that an UPDATE carries, all required by the schema. */
export const UPDATE_PROPERTIES = ['purl', 'swupdateaction', 'updatetime'] as const;

/** `4 (connectionLost)`, `404 (status of the package server)`, `99 (undefined)`. */
export function printResult(code: number): string {
  const name = Object.entries(RESULTS).find(([, value]) => value === code)?.[0];
  if (name !== undefined) return `${code} (${name})`;
  return code >= 400 && code <= 600 ? `${code} (status of the package server)` : `${code} (undefined)`;
}

/** True where the text is one of the five states. */
export function isState(text: unknown): text is StateName {
  return typeof text === 'string' && Object.hasOwn(STATES, text);
}

/** True where the text is one of the four actions. */
export function isAction(text: unknown): text is ActionName {
  return typeof text === 'string' && Object.hasOwn(ACTIONS, text);
}
