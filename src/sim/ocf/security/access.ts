import { METHOD } from '../../coap/message.ts';
import type { Ace, Ownership, Owned } from './ownership.ts';
import type { DosName } from './states.ts';

/** Who sent a request. */
export type Session =
  | { readonly kind: 'clear' }
  /** The association in which the owner is made; `keyBlock` gives its key material. */
  | { readonly kind: 'onboarding'; keyBlock(): Buffer }
  | { readonly kind: 'peer'; readonly uuid: string };

export const CLEAR: Session = { kind: 'clear' };

/** What a resource is to the access rules: open information, a security resource, or the software update. */
export type Kind = 'public' | Owned | 'sp' | 'swu';

/** Permission bits of an access control entry. */
export const PERMISSION = { create: 1, retrieve: 2, update: 4, delete: 8, notify: 16 } as const;

/** What the state alone grants, before any access control entry. */
type Grants = Partial<Readonly<Record<'clear' | 'onboarding' | 'owner', number>>>;

const R = PERMISSION.retrieve;
const RU = R | PERMISSION.update;
const RUD = RU | PERMISSION.delete;

/** By owner alone, as in normal operation and while provisioning. */
const OWNERS: Partial<Readonly<Record<Kind, Grants>>> = {
  doxm: { owner: RU },
  pstat: { owner: RU },
  cred: { owner: RUD },
  acl2: { owner: RUD },
  sp: { owner: R },
};

const GRANTS: Readonly<Record<DosName, Partial<Readonly<Record<Kind, Grants>>>>> = {
  RESET: { pstat: { owner: R } },
  RFOTM: {
    public: { clear: R, onboarding: R },
    doxm: { clear: RU, onboarding: RU },
    pstat: { clear: R, onboarding: RU },
    cred: { onboarding: RUD },
    acl2: { onboarding: RUD },
    sp: { onboarding: R },
    swu: { onboarding: R },
  },
  RFPRO: OWNERS,
  RFNOP: OWNERS,
  SRESET: { ...OWNERS, public: { clear: R, owner: R } },
};

/** States in which access control entries count. */
const BY_ENTRY: readonly DosName[] = ['RFPRO', 'RFNOP'];

const NEEDED: Readonly<Record<string, number>> = {
  [METHOD.get]: PERMISSION.retrieve,
  [METHOD.delete]: PERMISSION.delete,
};

/** A gap in the rules of a wrong device. */
export interface Opening {
  readonly in: readonly DosName[];
  readonly kind: Kind;
  /** `peer`: everybody with a key, the owner included. */
  readonly to: 'clear' | 'owner' | 'peer';
  /** Method codes of CoAP. */
  readonly methods: readonly string[];
}

export interface Attempt {
  readonly session: Session;
  /** Method code of CoAP. */
  readonly method: string;
  readonly href: string;
  readonly kind: Kind;
}

/** Whether the device lets this request through. `openings`: only on a wrong device. */
export function mayDo(
  { session, method, href, kind }: Attempt,
  ownership: Ownership,
  openings: readonly Opening[] = [],
): boolean {
  const needed = NEEDED[method] ?? PERMISSION.update;
  const role = session.kind === 'peer' && session.uuid === rownerOf(kind, ownership) ? 'owner' : session.kind;
  const { dos } = ownership;
  const opened = openings.some(
    (o) =>
      o.in.includes(dos) &&
      o.kind === kind &&
      (o.to === role || (o.to === 'peer' && role === 'owner')) &&
      o.methods.includes(method),
  );
  if (opened) return true;
  const byState = role === 'peer' ? 0 : (GRANTS[dos][kind]?.[role] ?? 0);
  const counted = BY_ENTRY.includes(dos) && (kind === 'public' || (kind === 'swu' && session.kind === 'peer'));
  const entries = counted ? ownership.aces.filter((ace) => isSubject(ace, session) && covers(ace, href, kind)) : [];
  return (entries.reduce((sum, ace) => sum | ace.permission, byState) & needed) === needed;
}

/** The one that a resource belongs to. What has no owner of its own belongs to the owner of the device. */
function rownerOf(kind: Kind, { rowners }: Ownership): string {
  return kind === 'public' || kind === 'sp' || kind === 'swu' ? rowners.doxm : rowners[kind];
}

/** What everyone may do in clear, everyone may do on a secure connection as well. */
function isSubject({ subject }: Ace, session: Session): boolean {
  if ('uuid' in subject) return session.kind === 'peer' && subject.uuid === session.uuid;
  return subject.conntype === 'anon-clear' || session.kind === 'peer';
}

/** An entry covers the software update by name only: wildcards do not reach what configures the device. */
function covers({ resources }: Ace, href: string, kind: Kind): boolean {
  return resources.some((r) => ('href' in r ? r.href === href : kind === 'public'));
}
