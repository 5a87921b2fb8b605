import { type CborMap, type CborValue, isCborMap } from '../../../ocf/codec/cbor.ts';
import type { Resource } from '../server.ts';
import { isUuid } from './keys.ts';
import type { Ace } from './ownership.ts';
import { type Common, securityResource, uuidField } from './resource.ts';

const CONNECTIONS: readonly CborValue[] = ['anon-clear', 'auth-crypt'];
const WILDCARDS: readonly CborValue[] = ['*', '+', '-'];
const ALL_BITS = 31;

/** `/oic/sec/acl2`: who may do what. */
export function acl2(parts: Common): Resource {
  const { ownership } = parts;
  return securityResource(
    {
      kind: 'acl2',
      writable: () => ownership().dos !== 'RFNOP' && ownership().dos !== 'RESET',
      idName: 'aceid',
      remove: (id) => (ownership().aces = ownership().aces.filter(({ aceid }) => id !== undefined && aceid !== id)),
      fields: {
        rowneruuid: uuidField((uuid) => (ownership().rowners.acl2 = uuid)),
        aclist2: {
          ok: (value) => Array.isArray(value) && value.every(isAce),
          set(value) {
            for (const entry of Array.isArray(value) ? (value as CborValue[]) : []) if (isAce(entry)) put(entry, parts);
          },
        },
      },
      show: () => ({
        aclist2: ownership().aces.map(({ aceid, subject, resources, permission }) => ({
          aceid,
          subject: { ...subject },
          resources: resources.map((one) => ({ ...one })),
          permission,
        })),
        rowneruuid: ownership().rowners.acl2,
      }),
    },
    parts,
  );
}

type Entry = CborMap & Omit<Ace, 'aceid'>;

function isAce(entry: CborValue): entry is Entry {
  if (!isCborMap(entry)) return false;
  const { subject, resources, permission } = entry;
  const known = isCborMap(subject) && (isUuid(subject['uuid']) || CONNECTIONS.includes(subject['conntype'] ?? null));
  const bits =
    typeof permission === 'number' && Number.isInteger(permission) && permission >= 0 && permission <= ALL_BITS;
  return known && bits && Array.isArray(resources) && (resources as CborValue[]).every(isTarget);
}

function isTarget(value: CborValue): boolean {
  return isCborMap(value) && (typeof value['href'] === 'string' || WILDCARDS.includes(value['wc'] ?? null));
}

/** Adds an entry, or replaces the one with its number. */
function put({ aceid, subject, resources, permission }: Entry, { ownership }: Common): void {
  const { aces } = ownership();
  const id = typeof aceid === 'number' ? aceid : 1 + Math.max(0, ...aces.map((one) => one.aceid));
  const who = 'uuid' in subject ? { uuid: subject.uuid.toLowerCase() } : { conntype: subject.conntype };
  const what = resources.map((one) => ('href' in one ? { href: one.href } : { wc: one.wc }));
  ownership().aces = [
    ...aces.filter((one) => one.aceid !== id),
    { aceid: id, subject: who, resources: what, permission },
  ];
}
