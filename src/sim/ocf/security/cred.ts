import { type CborMap, type CborValue, isCborMap } from '../../../ocf/codec/cbor.ts';
import type { Resource } from '../server.ts';
import type { Session } from './access.ts';
import { isUuid } from './keys.ts';
import type { Cred } from './ownership.ts';
import { type Common, securityResource, uuidField } from './resource.ts';

export interface CredParts extends Common {
  /** The key that the device makes with the owner; hex. */
  readonly makeKey: (session: Extract<Session, { kind: 'onboarding' }>, subject: string) => string;
}

const SYMMETRIC = 1;
const RAW = 'oic.sec.encoding.raw';
const KEY_OCTETS = [16, 32];

/** `/oic/sec/cred`: the keys of those who may come in. */
export function cred(parts: CredParts): Resource {
  const { ownership } = parts;
  const list = (value: CborValue): readonly CborValue[] => (Array.isArray(value) ? value : []);
  return securityResource(
    {
      kind: 'cred',
      writable: () => ownership().dos !== 'RFNOP' && ownership().dos !== 'RESET',
      idName: 'credid',
      remove: (id) => (ownership().creds = ownership().creds.filter(({ credid }) => id !== undefined && credid !== id)),
      fields: {
        rowneruuid: uuidField((uuid) => (ownership().rowners.cred = uuid)),
        creds: {
          ok: (value, session) => Array.isArray(value) && list(value).every((entry) => isCred(entry, session)),
          set(value, session) {
            for (const entry of list(value)) if (isCborMap(entry)) put(entry, session, parts);
          },
        },
      },
      show: () => ({
        creds: ownership().creds.map(({ credid, subjectuuid }) => ({
          credid,
          subjectuuid,
          credtype: SYMMETRIC,
          // A key is never told.
          privatedata: { encoding: RAW, data: Buffer.alloc(0) },
        })),
        rowneruuid: ownership().rowners.cred,
      }),
    },
    parts,
  );
}

/** An entry without key data asks the device to make the key of the onboarding association. */
function isCred(entry: CborValue, session: Session): boolean {
  if (!isCborMap(entry) || entry['credtype'] !== SYMMETRIC || !isUuid(entry['subjectuuid'])) return false;
  const { length } = keyData(entry);
  return length === 0 ? session.kind === 'onboarding' : KEY_OCTETS.includes(length);
}

function keyData(entry: CborMap): Uint8Array {
  const { privatedata } = entry;
  const data = isCborMap(privatedata) ? privatedata['data'] : undefined;
  return data instanceof Uint8Array ? data : Buffer.alloc(0);
}

function textOf(value: CborValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

/** Adds a key, or replaces the one that its subject had. */
function put(entry: CborMap, session: Session, { ownership, makeKey }: CredParts): void {
  const subjectuuid = textOf(entry['subjectuuid']).toLowerCase();
  const data = keyData(entry);
  const others: readonly Cred[] = ownership().creds.filter((one) => one.subjectuuid !== subjectuuid);
  const key =
    data.length > 0 || session.kind !== 'onboarding'
      ? Buffer.from(data).toString('hex')
      : makeKey(session, subjectuuid);
  const credid = 1 + Math.max(0, ...ownership().creds.map((one) => one.credid));
  ownership().creds = [...others, { credid, subjectuuid, key }];
}
