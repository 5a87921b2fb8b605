import { type DosName, NO_METHOD, NOBODY } from './states.ts';

/** A pre-shared key by which a client comes in. */
export interface Cred {
  readonly credid: number;
  readonly subjectuuid: string;
  /** Hex. */
  readonly key: string;
}

/** Who may do what: one entry of the access control list. */
export interface Ace {
  readonly aceid: number;
  readonly subject: { readonly uuid: string } | { readonly conntype: string };
  readonly resources: readonly ({ readonly href: string } | { readonly wc: string })[];
  readonly permission: number;
}

/** The security resources that name their owner. */
export type Owned = 'doxm' | 'pstat' | 'cred' | 'acl2';

/** What the device knows of its owner; survives a power cut. */
export interface Ownership {
  dos: DosName;
  oxmsel: number;
  owned: boolean;
  devowneruuid: string;
  readonly rowners: Record<Owned, string>;
  om: number;
  creds: Cred[];
  aces: Ace[];
}

/** A device that waits for an owner. */
export function unowned(): Ownership {
  return {
    dos: 'RFOTM',
    oxmsel: NO_METHOD,
    owned: false,
    devowneruuid: NOBODY,
    rowners: { doxm: NOBODY, pstat: NOBODY, cred: NOBODY, acl2: NOBODY },
    om: 3,
    creds: [],
    aces: [],
  };
}

/** Whether everything is there without which the owner transfer is not complete. */
export function isTransferred({ owned, devowneruuid, rowners, creds }: Ownership): boolean {
  const all = [devowneruuid, ...Object.values(rowners)];
  return owned && all.every((uuid) => uuid !== NOBODY) && creds.some((c) => c.subjectuuid === devowneruuid);
}
