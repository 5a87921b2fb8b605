import { replies } from '../coap/events.ts';
import type { Kind } from '../core/log.ts';
import { rawOf } from '../core/events.ts';
import { type CborValue, decodeCbor, isCborMap } from './codec/cbor.ts';
import { readNote } from './notes.ts';
import { printValue } from './value.ts';

/** A link of `/oic/res`, as far as the tester uses it. */
export interface Link {
  readonly href: string;
  readonly anchor: string | undefined;
  readonly rt: readonly string[];
  readonly if: readonly string[];
  /** Policy bits, `p.bm`; undefined where the link has none. */
  readonly bm: number | undefined;
  /** Endpoint URLs. */
  readonly eps: readonly string[];
}

/** An answer to discovery. */
export interface Discovery {
  readonly code: string;
  readonly links: readonly Link[];
  readonly from: string;
  readonly multicast: boolean;
  readonly label: string | undefined;
}

const texts = (value: CborValue | undefined): string[] =>
  Array.isArray(value) ? value.filter((v: CborValue): v is string => typeof v === 'string') : [];

function linkOf(value: CborValue): Link | undefined {
  if (!isCborMap(value) || typeof value['href'] !== 'string') return undefined;
  const policy = value['p'];
  const bm = isCborMap(policy) ? policy['bm'] : undefined;
  const eps = Array.isArray(value['eps']) ? value['eps'] : [];
  return {
    href: value['href'],
    anchor: typeof value['anchor'] === 'string' ? value['anchor'] : undefined,
    rt: texts(value['rt']),
    if: texts(value['if']),
    bm: typeof bm === 'number' ? bm : undefined,
    eps: eps.flatMap((ep: CborValue) => (isCborMap(ep) && typeof ep['ep'] === 'string' ? [ep['ep']] : [])),
  };
}

/** The links of a discovery answer: an array of links, or of one baseline map that holds them. */
export function linksOf(body: Uint8Array): Link[] {
  const result = body.length === 0 ? undefined : decodeCbor(body);
  if (result?.ok !== true || !Array.isArray(result.value)) return [];
  return result.value.flatMap((item: CborValue) => {
    const inner = isCborMap(item) ? item['links'] : undefined;
    return (Array.isArray(inner) ? inner : [item]).flatMap((link: CborValue) => linkOf(link) ?? []);
  });
}

/** Ids of the devices that the links belong to. */
export function devicesOf(links: readonly Link[]): string[] {
  const ids = links.flatMap((l) => /^ocf:\/\/([0-9a-f-]{36})/i.exec(l.anchor ?? '')?.[1]?.toLowerCase() ?? []);
  return [...new Set(ids)];
}

/** The event of an answer to a multicast query; its `via` is the message. */
export const MULTICAST_ANSWER = 'ocf.multicast.answer';
/** The event of a multicast query. */
export const MULTICAST_QUERY = 'ocf.multicast.query';

/** Answers to discovery, by unicast and by multicast; with a label, to those queries alone. */
export function discovered(label?: string): Kind<Discovery> {
  return {
    name: `answer to discovery${label === undefined ? '' : ` (${label})`}`,
    read(event, log) {
      const value = readDiscovery(event, log);
      return label === undefined || value?.label === label ? value : undefined;
    },
  };
}

const readDiscovery: Kind<Discovery>['read'] = (event, log) => {
  if (event.type === MULTICAST_ANSWER) {
    const field = (name: string): string => printValue(event.data?.[name] ?? '');
    return {
      code: field('code'),
      links: linksOf(rawOf(event)),
      from: field('peer'),
      multicast: true,
      label: field('label'),
    };
  }
  const reply = replies.read(event, log);
  const { subject, label } = readNote(reply?.request?.note);
  if (reply === undefined || reply.dir !== 'in' || subject !== 'links' || !reply.complete) return undefined;
  return { code: reply.code, links: linksOf(reply.body), from: reply.peer, multicast: false, label };
};

/** A multicast query as it went out. */
export function queried(label: string): Kind<{ readonly query: string }> {
  return {
    name: `multicast query (${label})`,
    read: (e) =>
      e.type === MULTICAST_QUERY && e.data?.['label'] === label
        ? { query: printValue(e.data['query'] ?? '') }
        : undefined,
  };
}
