import { type CborMap, type CborValue, decodeCbor, isCborMap } from '../../../ocf/codec/cbor.ts';
import { CONTENT_FORMAT, INTERFACE } from '../../../ocf/codec/ocf.ts';
import type { Answer, Request } from '../../coap/endpoint.ts';
import { OPTION, textsOf, uintOf } from '../../coap/message.ts';
import { type Listed, withCommon } from '../discovery.ts';
import { content, type Resource, type ServerContext } from '../server.ts';
import type { Session } from './access.ts';
import { isUuid } from './keys.ts';
import type { Owned, Ownership } from './ownership.ts';

/** What every security resource has at hand. */
export interface Common {
  readonly ownership: () => Ownership;
  readonly context: () => ServerContext;
  /** Something has changed that must survive a power cut. */
  readonly changed: () => void;
}

/** One property that a client may write. A value that is not `ok` refuses the whole UPDATE. */
export interface Field {
  ok(value: CborValue, session: Session): boolean;
  set(value: CborValue, session: Session): void;
}

export type Fields = Readonly<Record<string, Field>>;

export interface SecurityRow {
  /** Also its name under `/oic/sec`. */
  readonly kind: Owned | 'sp';
  readonly show: () => CborMap;
  readonly fields: Fields;
  /** Whether the present state lets it be written at all. */
  readonly writable: () => boolean;
  /** Deletes the entry of this number, or all. */
  readonly remove?: (id: number | undefined) => void;
  /** Name of the number in the query of a DELETE. */
  readonly idName?: string;
  readonly inClear?: true;
  readonly observe?: Resource['observe'];
}

const BAD: Answer = { code: '4.00' };

/** A security resource as the server knows it. */
export function securityResource(row: SecurityRow, { context, changed }: Common): Resource {
  const { kind, show, fields, writable, remove, observe } = row;
  const listed: Listed = {
    href: `/oic/sec/${kind}`,
    rt: [`oic.r.${kind}`],
    if: [INTERFACE.rw, INTERFACE.baseline],
    observable: observe !== undefined,
    ...(row.inClear === true ? {} : { secureOnly: true }),
  };
  const retrieve: Resource['retrieve'] = (iface) =>
    iface === INTERFACE.baseline ? withCommon(listed, show()) : show();
  return {
    ...listed,
    retrieve,
    update(request, iface, session) {
      const body = writable() ? readBody(request) : undefined;
      if (body === undefined || !apply(body, session, fields)) return BAD;
      changed();
      return content('2.04', retrieve(iface, []) ?? {}, context());
    },
    ...(observe === undefined ? {} : { observe }),
    ...(remove === undefined
      ? {}
      : {
          remove(request) {
            if (!writable()) return BAD;
            const id = textsOf(request.message, OPTION.uriQuery).find((query) => query.startsWith(`${row.idName}=`));
            remove(id === undefined ? undefined : Number(id.split('=')[1]));
            changed();
            return { code: '2.02' };
          },
        }),
  };
}

function readBody({ message }: Request): CborMap | undefined {
  const format = uintOf(message, OPTION.contentFormat) ?? CONTENT_FORMAT.ocfCbor;
  const decoded = decodeCbor(message.payload);
  const good = format === CONTENT_FORMAT.ocfCbor && decoded.ok && decoded.duplicateKeys.length === 0;
  return good && isCborMap(decoded.value) ? decoded.value : undefined;
}

/** All of them or none, in the order of the table. False where the body must be refused. */
function apply(body: CborMap, session: Session, fields: Fields): boolean {
  for (const [name, value] of Object.entries(body))
    if (!Object.hasOwn(fields, name) || fields[name]?.ok(value, session) !== true) return false;
  for (const [name, field] of Object.entries(fields)) {
    const value = body[name];
    if (value !== undefined) field.set(value, session);
  }
  return true;
}

/** A property that holds a UUID. */
export function uuidField(set: (uuid: string) => void): Field {
  return { ok: isUuid, set: (value) => set((value as string).toLowerCase()) };
}
