import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createHash } from 'node:crypto';
import type { AddressInfo, Socket } from 'node:net';
import { BenchError, messageOf } from '../../core/errors.ts';
import { contentOf, piecesOf } from './behaviour.ts';
import type { Identity } from './certificate.ts';
import type { PackageRecorder } from './events.ts';
import type { Credentials, PackageServer, Shelf, Shelved } from './shelf.ts';

/** Where an HTTP or HTTPS package server listens and what it serves. */
export interface HttpOptions {
  readonly host: string;
  readonly port: number;
  readonly shelf: Shelf;
  readonly record: PackageRecorder;
  /** Real milliseconds before each piece of a slow answer. */
  readonly dripMs: number;
  /** With it the server speaks HTTPS. */
  readonly identity?: Identity;
}

/** Opens an HTTP or HTTPS package server. Rejects with a BenchError where the port cannot be had. */
export async function openHttp(options: HttpOptions): Promise<PackageServer> {
  const { identity, host, record } = options;
  const listener: RequestListener = (request, response) => void serve(options, request, response);
  const server: Server =
    identity === undefined
      ? createServer(listener)
      : createTlsServer({ cert: identity.certificates, key: identity.key }, listener);
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
  });
  server.on('tlsClientError', (e: Error, socket: Socket) => record.trouble(e.message, socket.remoteAddress ?? ''));
  await new Promise<void>((resolve, reject) => {
    server.once('error', (e) =>
      reject(
        new BenchError('package-server', `package server cannot listen: ${messageOf(e)}`, {
          place: { where: `${host}:${options.port}` },
          cause: e,
        }),
      ),
    );
    server.listen(options.port, host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const named = host.includes(':') ? `[${host}]` : host;
  return {
    base: `${identity === undefined ? 'http' : 'https'}://${named}:${port}`,
    drop: () => {
      for (const socket of sockets) socket.destroy();
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** What part of the body is asked for; undefined where the range cannot be served. */
function rangeOf(header: string | undefined, length: number): { from: number; to: number } | undefined {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (first === '' && last === '') return undefined;
  // Without a first octet it is the last ones that are asked for (RFC 9110 14.1.2).
  const from = first === '' ? Math.max(0, length - Number(last)) : Number(first);
  const to = first === '' || last === '' ? length - 1 : Math.min(Number(last), length - 1);
  return from <= to ? { from, to } : undefined;
}

/** The header of basic authentication (RFC 7617). */
function basic({ user, password }: Credentials): string {
  return `Basic ${Buffer.from(`${user}:${password}`, 'utf8').toString('base64')}`;
}

async function serve(options: HttpOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { shelf, record } = options;
  const path = request.url ?? '/';
  const found = shelf.find(path);
  const range = request.headers.range;
  const authorised =
    found?.credentials === undefined ? undefined : request.headers.authorization === basic(found.credentials);
  const n = record.request({
    method: request.method ?? '',
    path,
    served: found?.name ?? 'unknown',
    scheme: options.identity === undefined ? 'http' : 'https',
    from: request.socket.remoteAddress ?? '',
    range,
    authorised,
  });
  request.resume();
  if (found === undefined) {
    response.writeHead(404).end();
    return;
  }
  if (authorised === false) {
    response.writeHead(401, { 'www-authenticate': 'Basic realm="packages"', 'content-length': 0 }).end();
    return;
  }
  const { behaviour } = found;
  if (behaviour.kind === 'status') {
    record.progress({
      request: n,
      served: found.name,
      offset: 0,
      octets: 0,
      of: 0,
      step: 'end',
      status: behaviour.status,
    });
    response.writeHead(behaviour.status, { 'content-length': 0 }).end();
    return;
  }
  const whole = contentOf(behaviour, found.content());
  const part = rangeOf(range, whole.length);
  const body = part === undefined ? whole : whole.subarray(part.from, part.to + 1);
  const status = part === undefined ? 200 : 206;
  response.writeHead(status, {
    'content-type': 'application/octet-stream',
    'content-length': body.length,
    'accept-ranges': 'bytes',
    etag: `"${createHash('sha256').update(whole).digest('hex').slice(0, 16)}"`,
    ...(part === undefined ? {} : { 'content-range': `bytes ${part.from}-${part.to}/${whole.length}` }),
  });
  const at = { request: n, served: found.name, of: whole.length, status };
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  await send(options, response, body, part?.from ?? 0, found, at);
}

type At = { readonly request: number; readonly served: string; readonly of: number; readonly status: number };

async function send(
  { record, dripMs }: HttpOptions,
  response: ServerResponse,
  body: Buffer,
  offset: number,
  { behaviour }: Shelved,
  at: At,
): Promise<void> {
  const half = Math.floor(body.length / 2);
  if (behaviour.kind === 'cut' || behaviour.kind === 'stall') {
    await write(response, body.subarray(0, half));
    record.progress({ ...at, offset, octets: half, step: 'piece' });
    if (behaviour.kind === 'cut') {
      response.destroy();
      record.progress({ ...at, offset: offset + half, octets: 0, step: 'closed' });
    }
    return;
  }
  let sent = 0;
  for (const piece of piecesOf(body, behaviour)) {
    if (behaviour.kind === 'drip') await new Promise((resolve) => setTimeout(resolve, dripMs));
    if (response.destroyed || !(await write(response, piece))) {
      record.progress({ ...at, offset: offset + sent, octets: 0, step: 'closed' });
      return;
    }
    record.progress({ ...at, offset: offset + sent, octets: piece.length, step: 'piece' });
    sent += piece.length;
  }
  response.end();
  record.progress({ ...at, offset: offset + sent, octets: 0, step: 'end' });
}

/** Hands octets to the network; false where the connection is gone. */
function write(response: ServerResponse, piece: Buffer): Promise<boolean> {
  return new Promise((resolve) => response.write(piece, (e) => resolve(e === null || e === undefined)));
}
