import { readFileSync } from 'node:fs';
import { get as httpGet } from 'node:http';
import { get as httpsGet } from 'node:https';
import { messageOf } from '../../core/errors.ts';

/** What came of a GET. */
export type Fetched =
  | { readonly kind: 'body'; readonly status: number; readonly body: Buffer }
  | { readonly kind: 'unreachable'; readonly why: string };

/** Retrieves over HTTP and HTTPS. */
export interface Retriever {
  fetch(url: string): Promise<Fetched>;
}

/** Real milliseconds until a server counts as unreachable. */
const LIMIT_MS = 5000;
const MOST_OCTETS = 1_000_000;

/** Retrieves by Node's own clients; trusts the certificates in the file, which is read for each request. */
export function webRetriever(caFile: string): Retriever {
  return {
    fetch: (url) =>
      new Promise((resolve) => {
        const unreachable = (why: unknown): void => resolve({ kind: 'unreachable', why: messageOf(why) });
        try {
          const ca = caFile === '' ? undefined : readCertificates(caFile);
          const get = url.startsWith('https:') ? httpsGet : httpGet;
          const request = get(url, { timeout: LIMIT_MS, agent: false, ...(ca !== undefined && { ca }) }, (response) => {
            const parts: Buffer[] = [];
            let octets = 0;
            response.on('data', (part: Buffer) => {
              parts.push(part);
              octets += part.length;
              if (octets > MOST_OCTETS) response.destroy();
            });
            response.on('end', () =>
              resolve({ kind: 'body', status: response.statusCode ?? 0, body: Buffer.concat(parts) }),
            );
            response.on('error', unreachable);
          });
          request.on('timeout', () => request.destroy(new Error(`no answer within ${LIMIT_MS} ms`)));
          request.on('error', unreachable);
        } catch (e) {
          unreachable(e);
        }
      }),
  };
}

/** None where there are none yet: a bench may make its certificates after the node was started. */
function readCertificates(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (e) {
    process.stderr.write(`certificates cannot be read: ${file}: ${messageOf(e)}\n`);
    return undefined;
  }
}

/** The firmware id of a manifest as the check of a URI returns it; undefined where there is none. */
export function manifestFirmwareId(body: Buffer): Buffer | undefined {
  try {
    const told = JSON.parse(body.toString('utf8')) as { manifest?: { firmware?: { firmware_id?: unknown } } };
    const id = told.manifest?.firmware?.firmware_id;
    return typeof id === 'string' && /^([0-9a-f]{2}){2,108}$/i.test(id) ? Buffer.from(id, 'hex') : undefined;
  } catch {
    return undefined;
  }
}
