import { randomBytes } from 'node:crypto';
import type { EventSink } from '../core/events.ts';
import type { ServedReply, ServedRequest } from '../coap/server.ts';
import { OPTION, textOption } from '../coap/options.ts';
import type { Peer } from '../link/wire.ts';
import { decodeLinks, modelLinks, type ModelLinks } from './codec/link-format.ts';

/** A device that has registered. */
export interface Registration {
  readonly endpoint: string;
  readonly peer: Peer;
  /** Last part of the location: `x1` of `/rd/x1`. */
  readonly location: string;
  /** Version of the enabler, `1.0` where the device does not say. */
  readonly version: string;
  readonly lifetimeS: number;
  readonly queue: boolean;
  /** Undefined where the body is no list of links. */
  readonly links: ModelLinks | undefined;
}

/** The registration interface of the server, for one device. */
export interface Registry {
  current(): Registration | undefined;
  /** Answers requests below `/rd`. */
  serve(request: ServedRequest): ServedReply;
  /** The next Register from now on, or undefined when the time (real ms) is over. */
  next(limitMs: number): Promise<Registration | undefined>;
  /** The next Register or Update. */
  heard(limitMs: number): Promise<Registration | undefined>;
  /** As a server that was restarted and kept nothing: Updates are answered 4.04. Requests to the device can still be made. */
  lose(): void;
  /** The device is gone. */
  forget(): void;
  /** Takes up a registration of an earlier run. */
  adopt(registration: Registration): void;
}

const DEFAULT_LIFETIME_S = 86_400;

/** The parameters of a query by name; a bare one has the empty text. */
export function parametersOf(query: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    query.map((q) => {
      const [name = '', ...value] = q.split('=');
      return [name, value.join('=')];
    }),
  );
}

function linksOf(body: Buffer): ModelLinks | undefined {
  const decoded = decodeLinks(body);
  return decoded.ok ? modelLinks(decoded.links) : undefined;
}

/** @param endpoint The only device that may register; undefined takes any. */
export function registry(sink: EventSink, endpoint: string | undefined): Registry {
  let current: Registration | undefined;
  let lost = false;
  const registered = new Set<(r: Registration) => void>();
  const updated = new Set<(r: Registration) => void>();
  const wait = (set: Set<(r: Registration) => void>, limitMs: number): Promise<Registration | undefined> =>
    new Promise((resolve) => {
      const end = (r: Registration | undefined): void => {
        clearTimeout(timer);
        set.delete(end);
        resolve(r);
      };
      const timer = setTimeout(() => end(undefined), limitMs);
      set.add(end);
    });
  const tell = (set: Set<(r: Registration) => void>, r: Registration): void => {
    for (const waiter of set) waiter(r);
  };

  const register = ({ from, query, body }: ServedRequest): ServedReply => {
    const p = parametersOf(query);
    const name = p.get('ep') ?? '';
    if (endpoint !== undefined && name !== endpoint) return { code: '4.03' };
    lost = false;
    const binding = p.get('b') ?? 'U';
    current = {
      endpoint: name,
      peer: from,
      location: randomBytes(4).toString('hex'),
      version: p.get('lwm2m') ?? '1.0',
      lifetimeS: Number(p.get('lt') ?? DEFAULT_LIFETIME_S),
      queue: p.has('Q') || binding.includes('Q'),
      links: linksOf(body),
    };
    sink.append({ channel: 'coap', type: 'lwm2m.registered', data: { endpoint: name, location: current.location } });
    tell(registered, current);
    tell(updated, current);
    return {
      code: '2.01',
      options: ['rd', current.location].map((part) => textOption(OPTION.locationPath, part)),
    };
  };
  const update = (old: Registration, { from, query, body }: ServedRequest): ServedReply => {
    const lifetime = parametersOf(query).get('lt');
    current = {
      ...old,
      peer: from,
      ...(lifetime === undefined ? {} : { lifetimeS: Number(lifetime) }),
      ...(body.length === 0 ? {} : { links: linksOf(body) }),
    };
    tell(updated, current);
    return { code: '2.04' };
  };

  return {
    current: () => current,
    serve(request) {
      const [, , location] = request.path.split('/');
      if (location === undefined || location === '')
        return request.method === 'POST' ? register(request) : { code: '4.05' };
      if (lost || current?.location !== location) return { code: '4.04' };
      if (request.method === 'POST') return update(current, request);
      if (request.method !== 'DELETE') return { code: '4.05' };
      current = undefined;
      return { code: '2.02' };
    },
    next: (limitMs) => wait(registered, limitMs),
    heard: (limitMs) => wait(updated, limitMs),
    lose() {
      lost = true;
    },
    forget() {
      current = undefined;
    },
    adopt(registration) {
      current ??= registration;
    },
  };
}
