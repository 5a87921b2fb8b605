import { SOFTWARE_MANAGEMENT } from '../../src/lwm2m/codec/definitions.ts';

/** Items of `ics/proformas/swmgmt.yaml` by what they are about. */
export const ITEM = {
  V10: 'SWMGMT 1/1',
  V11: 'SWMGMT 1/2',
  V12: 'SWMGMT 1/3',
  BOOTSTRAP: 'SWMGMT 1/9',
  CACHE: 'SWMGMT 1/10',
  COMPOSITE: 'SWMGMT 1/11',
  OBJECT9: 'SWMGMT 2/1',
  SEVERAL: 'SWMGMT 2/3',
  CREATE: 'SWMGMT 2/4',
  DELETE: 'SWMGMT 2/5',
  OBJECT14: 'SWMGMT 2/6',
  PUSH: 'SWMGMT 4/1',
  PULL_COAP: 'SWMGMT 4/2',
  PULL_COAPS: 'SWMGMT 4/3',
  PULL_HTTP: 'SWMGMT 4/4',
  PULL_HTTPS: 'SWMGMT 4/5',
  BLOCKS: 'SWMGMT 4/7',
  RESUME: 'SWMGMT 4/8',
  UNINSTALL: 'SWMGMT 5/1',
  FOR_UPDATE: 'SWMGMT 5/2',
  UNINSTALL_DELIVERED: 'SWMGMT 5/3',
  SELF_ACTIVATES: 'SWMGMT 6/2',
  REBOOTS: 'SWMGMT 6/3',
  OBSERVE: 'SWMGMT 7/1',
  SURVIVES: 'SWMGMT 7/2',
  NO_STORAGE: 'SWMGMT 8/1',
  NO_MEMORY: 'SWMGMT 8/2',
  CONNECTION_LOST: 'SWMGMT 8/3',
  INTEGRITY: 'SWMGMT 8/4',
  WRONG_TYPE: 'SWMGMT 8/5',
  INVALID_URI: 'SWMGMT 8/6',
  INSTALL_FAILED: 'SWMGMT 8/8',
  UNINSTALL_FAILED: 'SWMGMT 8/9',
  DOWNLOAD: 'SWMGMT 11/1',
  INSTALL: 'SWMGMT 11/2',
  DEINSTALL: 'SWMGMT 11/3',
  ACTIVATE: 'SWMGMT 11/4',
  DEACTIVATE: 'SWMGMT 11/5',
  REPORT: 'SWMGMT 11/6',
} as const;

/** The item of a resource of object 9. */
export function resourceItem(resource: number): string {
  return `SWMGMT 3/${resource + 1}`;
}

/** The item of a resource of object 14. */
export function componentItem(resource: number): string {
  return `SWMGMT 10/${resource + 1}`;
}

/** Items of the content formats, by number. */
export const FORMAT_ITEM: Readonly<Record<number, string>> = {
  0: 'SWMGMT 9/1',
  42: 'SWMGMT 9/2',
  60: 'SWMGMT 9/3',
  110: 'SWMGMT 9/4',
  112: 'SWMGMT 9/5',
  11542: 'SWMGMT 9/6',
  11543: 'SWMGMT 9/7',
  11544: 'SWMGMT 9/8',
};

/** Resources of object 9 in version 1.1, which is only proposed, where the device has them. */
export function proposed(o: { declared(item: string): boolean }): readonly number[] {
  return o.declared('SWMGMT 2/2') ? [19, 20, 21, 22] : [];
}

/** Resources that the device has and the server may use so. */
export function resources(o: { declared(item: string): boolean }, ...operations: string[]): number[] {
  return Object.entries(SOFTWARE_MANAGEMENT.resources)
    .filter(([id, r]) => operations.includes(r.operations) && o.declared(resourceItem(Number(id))))
    .map(([id]) => Number(id));
}
