import type { Ev, EventSink } from '../../core/events.ts';
import type { Kind, Log } from '../../core/log.ts';

/** The channel of all package servers. */
export const PACKAGES = 'packages';

/** One request of the device at a package server of the bench. */
export interface PackageRequest {
  readonly method: string;
  /** Path with query, as asked for. */
  readonly path: string;
  /** Name of the package that is served there; `unknown` for a path of no package or of an earlier case. */
  readonly served: string;
  readonly scheme: string;
  readonly from: string;
  readonly range: string | undefined;
  /** Whether the request carried the credentials that the package asks for; undefined where it asks for none. */
  readonly authorised?: boolean | undefined;
}

/** How far a request was answered; `octets` were handed to the network, `of` is the length of the whole package. */
export interface PackageProgress {
  readonly request: number;
  readonly served: string;
  readonly offset: number;
  readonly octets: number;
  readonly of: number;
  /** `piece`; `end` where the whole answer went out; `closed` where the connection ended before. */
  readonly step: 'piece' | 'end' | 'closed';
  readonly status: number;
}

/** Writes what package servers see. */
export interface PackageRecorder {
  /** `via`: the event of the layer below that it came by. */
  request(seen: PackageRequest, via?: number): number;
  progress(seen: PackageProgress): void;
  /** What went wrong below HTTP: a refused certificate, a broken TLS record. */
  trouble(what: string, from: string): void;
}

/** Writes package events to a sink. */
export function packageRecorder(sink: EventSink): PackageRecorder {
  return {
    request: ({ range, authorised, ...seen }, via) =>
      sink.append({
        channel: PACKAGES,
        type: 'package.request',
        dir: 'in',
        ...(via === undefined ? {} : { via }),
        data: {
          ...seen,
          ...(range === undefined ? {} : { range }),
          ...(authorised === undefined ? {} : { authorised }),
        },
      }).n,
    progress: ({ request, ...seen }) =>
      void sink.append({ channel: PACKAGES, type: 'package.progress', dir: 'out', via: request, data: { ...seen } }),
    trouble: (what, from) => void sink.append({ channel: PACKAGES, type: 'package.trouble', data: { what, from } }),
  };
}

const text = (e: Ev, name: string): string => {
  const value = e.data?.[name];
  return typeof value === 'string' ? value : '';
};
const number = (e: Ev, name: string): number => {
  const value = e.data?.[name];
  return typeof value === 'number' ? value : 0;
};

/** A request at a package server of this case. */
export const packageAsked: Kind<PackageRequest> = {
  name: 'package request',
  read: (e) =>
    e.type === 'package.request' && text(e, 'served') !== 'unknown'
      ? {
          method: text(e, 'method'),
          path: text(e, 'path'),
          served: text(e, 'served'),
          scheme: text(e, 'scheme'),
          from: text(e, 'from'),
          range: text(e, 'range') || undefined,
          authorised: typeof e.data?.['authorised'] === 'boolean' ? e.data['authorised'] : undefined,
        }
      : undefined,
};

/** Every piece that went out, the end of an answer, the end of a connection before it. */
export const packageProgress: Kind<PackageProgress> = {
  name: 'package progress',
  read: (e) =>
    e.type === 'package.progress'
      ? {
          request: e.via ?? 0,
          served: text(e, 'served'),
          offset: number(e, 'offset'),
          octets: number(e, 'octets'),
          of: number(e, 'of'),
          step: text(e, 'step') as PackageProgress['step'],
          status: number(e, 'status'),
        }
      : undefined,
};

/** The piece with which every octet of a package had gone out by HTTP or HTTPS, in whatever ranges. */
export const packageSent: Kind<{ readonly request: number }> = {
  name: 'complete package fetch by HTTP',
  read(e, log) {
    const seen = packageProgress.read(e, log);
    if (seen === undefined || seen.step === 'closed' || seen.of === 0) return undefined;
    const pieces = piecesUntil(e, seen.request, log).sort((a, b) => a.offset - b.offset);
    const reach = pieces.reduce((end, p) => (p.offset <= end ? Math.max(end, p.offset + p.octets) : end), 0);
    return reach >= seen.of ? { request: seen.request } : undefined;
  },
};

/** What went out until this event of the package that a request names. */
function piecesUntil(last: Ev, request: number, log: Log): PackageProgress[] {
  const pathOf = (n: number): string => text(log.at(n) ?? last, 'path');
  const path = pathOf(request);
  const pieces: PackageProgress[] = [];
  for (let event: Ev | undefined = last; event !== undefined; event = log.at(event.n - 1)) {
    const piece = packageProgress.read(event, log);
    if (piece !== undefined && pathOf(piece.request) === path) pieces.push(piece);
  }
  return pieces;
}

/** The device could not, or would not, talk to the package server: a refused certificate. */
export const packageTrouble: Kind<{ readonly what: string }> = {
  name: 'trouble at the package server',
  read: (e) => (e.type === 'package.trouble' ? { what: text(e, 'what') } : undefined),
};
