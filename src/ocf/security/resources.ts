import { type CborMap, isCborMap } from '../codec/cbor.ts';

/** Paths of the security resources; OCF predefines them. */
export const SECURITY_PATH = {
  doxm: '/oic/sec/doxm',
  pstat: '/oic/sec/pstat',
  cred: '/oic/sec/cred',
  acl2: '/oic/sec/acl2',
  sp: '/oic/sec/sp',
} as const;

/** Onboarding states, `dos.s` of pstat, by name. */
export const DEVICE_STATE = { RESET: 0, RFOTM: 1, RFPRO: 2, RFNOP: 3, SRESET: 4 } as const;
export type DeviceStateName = keyof typeof DEVICE_STATE;

/** `RFNOP (3)`; the number alone where it has no name. */
export function printDeviceState(state: number | undefined): string {
  const name = Object.entries(DEVICE_STATE).find(([, value]) => value === state)?.[0];
  return name === undefined ? `${state ?? 'nothing'}` : `${name} (${state})`;
}

/** Bits of `tm` and `cm` that belong to software update: seed table 3. */
export const MODE_BIT = { isvv: 64, upgrade: 128, isac: 256 } as const;

/** The bits of {@link MODE_BIT} together; the others of `cm` belong to onboarding. */
export const UPDATE_BITS = 448;

/** `om`: the client decides when provisioning steps happen. */
export const CLIENT_DIRECTED = 4;

/** What the tester reads of doxm. */
export interface Doxm {
  readonly oxms: readonly number[];
  readonly owned: boolean | undefined;
  readonly deviceUuid: string | undefined;
  readonly ownerUuid: string | undefined;
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value.toLowerCase() : undefined);
const integer = (value: unknown): number | undefined => (Number.isInteger(value) ? Number(value) : undefined);

/** Reads doxm; what is missing or of another type is undefined, missing methods are an empty list. */
export function readDoxm(map: CborMap): Doxm {
  const { oxms, owned, deviceuuid, devowneruuid } = map;
  return {
    oxms: Array.isArray(oxms) ? oxms.flatMap((m: unknown) => integer(m) ?? []) : [],
    owned: typeof owned === 'boolean' ? owned : undefined,
    deviceUuid: text(deviceuuid),
    ownerUuid: text(devowneruuid),
  };
}

/** What the tester reads of pstat. */
export interface Pstat {
  /** `dos.s`. */
  readonly state: number | undefined;
  readonly cm: number | undefined;
  readonly tm: number | undefined;
  readonly operational: boolean | undefined;
}

/** Reads pstat; what is missing or no integer is undefined. */
export function readPstat(map: CborMap): Pstat {
  const { dos, cm, tm, isop } = map;
  return {
    state: isCborMap(dos) ? integer(dos['s']) : undefined,
    cm: integer(cm),
    tm: integer(tm),
    operational: typeof isop === 'boolean' ? isop : undefined,
  };
}

/** Permission bits of an access control entry. */
const PERMISSION = { retrieve: 2, update: 4 } as const;

const DISCOVERY = {
  subject: { conntype: 'anon-clear' },
  resources: ['/oic/res', '/oic/d', '/oic/p'].map((href) => ({ href })),
  permission: PERMISSION.retrieve,
} as const;

/** Discovery in clear alone, without which the device could not be found any more. */
export function discoveryOnly(): CborMap {
  return { aclist2: [DISCOVERY] };
}

/** What the tester must be allowed: the resource by its name, because wildcards need not reach it, and discovery in clear. */
export function accessFor(tester: string, swu: string): CborMap {
  const permission = PERMISSION.retrieve | PERMISSION.update;
  return { aclist2: [{ subject: { uuid: tester }, resources: [{ href: swu }], permission }, DISCOVERY] };
}

/** A credential of type symmetric pair-wise key without its key: both ends compute the owner PSK and it never travels. */
export function ownerCredential(tester: string): CborMap {
  return {
    creds: [
      {
        credtype: 1,
        subjectuuid: tester,
        privatedata: { encoding: 'oic.sec.encoding.raw', data: Buffer.alloc(0) },
      },
    ],
    rowneruuid: tester,
  };
}
