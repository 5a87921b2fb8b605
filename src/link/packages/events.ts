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
    const whole = spansUntil(e, seen.request, log).some(([from, to]) => from === 0 && to >= seen.of);
    return whole ? { request: seen.request } : undefined;
  },
};

/** Octets of a package, from the first to the one behind the last. */
type Span = readonly [from: number, to: number];

/** What had gone out of its package with a piece: a package may come in thousands, and readers go over all of them again and again. */
const spansOf = new WeakMap<Ev, readonly Span[]>();

/** What had gone out until this event of the package that a request names: spans that do not touch. */
function spansUntil(last: Ev, request: number, log: Log): readonly Span[] {
  const pathOf = (n: number): string => text(log.at(n) ?? last, 'path');
  const path = pathOf(request);
  const pieces: { readonly event: Ev; readonly piece: PackageProgress }[] = [];
  let spans: readonly Span[] | undefined;
  for (let event: Ev | undefined = last; event !== undefined; event = log.at(event.n - 1)) {
    const piece = packageProgress.read(event, log);
    if (piece === undefined || pathOf(piece.request) !== path) continue;
    spans = spansOf.get(event);
    if (spans !== undefined) break;
    pieces.push({ event, piece });
  }
  spans ??= [];
  for (const { event, piece } of pieces.toReversed()) {
    spans = joined(spans, [piece.offset, piece.offset + piece.octets]);
    spansOf.set(event, spans);
  }
  return spans;
}

/** The spans with one more, which takes in those that it touches. */
function joined(spans: readonly Span[], more: Span): readonly Span[] {
  const touches = ([from, to]: Span): boolean => from <= more[1] && to >= more[0];
  const all = [...spans.filter(touches), more];
  return [
    ...spans.filter((span) => !touches(span)),
    [Math.min(...all.map(([from]) => from)), Math.max(...all.map(([, to]) => to))],
  ];
}

/** The device could not, or would not, talk to the package server: a refused certificate. */
export const packageTrouble: Kind<{ readonly what: string }> = {
  name: 'trouble at the package server',
  read: (e) => (e.type === 'package.trouble' ? { what: text(e, 'what') } : undefined),
};
