import { createServer } from 'node:net';
import type { EventSink } from '../../core/events.ts';
import { benchAuthority } from '../../link/packages/certificate.ts';
import { packageRecorder } from '../../link/packages/events.ts';
import { openHttp } from '../../link/packages/http.ts';
import type { PackageServer, Shelf, Shelved } from '../../link/packages/shelf.ts';

/** What a distributor is offered at a URI. */
export interface Offered {
  readonly firmwareId: Buffer;
  readonly image: Buffer;
  /** False: the check says that there is nothing new. */
  readonly isNew: boolean;
}

/** The web server from which a distributor fetches images (MshDFU 3.3): `URI/check?cfwid=…` and `URI/get?cfwid=…`. */
export interface FirmwareWeb {
  /** Puts an image up and gives its URI, which no other offer of this run has. */
  offer(scheme: 'http' | 'https', offered: Offered): Promise<string>;
  /** A URI of a server that nobody runs. */
  nobody(scheme: 'http' | 'https'): Promise<string>;
  clear(): void;
  close(): Promise<void>;
}

const NOT_FOUND = 404;

function manifest({ firmwareId, image }: Offered): Buffer {
  const firmware = { firmware_id: firmwareId.toString('hex'), firmware_image_file_size: image.length };
  return Buffer.from(JSON.stringify({ manifest: { firmware } }));
}

/** Answers the check and the fetch of one offer. */
function shelved(offered: Offered, request: string | undefined): Shelved | undefined {
  if (request === 'check')
    return offered.isNew
      ? { name: 'check', behaviour: { kind: 'good' }, content: () => manifest(offered) }
      : { name: 'check', behaviour: { kind: 'status', status: NOT_FOUND }, content: () => Buffer.alloc(0) };
  if (request === 'get') return { name: 'get', behaviour: { kind: 'good' }, content: () => offered.image };
  return undefined;
}

/**
 * Makes the web server; it listens once something is offered. Its certificate authority is that of the bench, in `stateDir`.
 * @param host address of this computer that the device reaches
 */
export async function firmwareWeb(events: EventSink, stateDir: string, host: string): Promise<FirmwareWeb> {
  const authority = await benchAuthority(stateDir);
  const offers = new Map<string, Offered>();
  const servers = new Map<string, PackageServer>();
  let next = 0;
  const shelf: Shelf = {
    put: () => '/',
    find(path) {
      const [name = '', request] = path.split(/[/?]/).filter((part) => part !== '');
      const offered = offers.get(name);
      return offered === undefined ? undefined : shelved(offered, request);
    },
    clear: () => offers.clear(),
  };
  const server = async (scheme: 'http' | 'https'): Promise<PackageServer> => {
    const known = servers.get(scheme);
    if (known !== undefined) return known;
    const secured = scheme === 'https' ? { identity: await authority.issue(host) } : {};
    const opened = await openHttp({ host, port: 0, shelf, record: packageRecorder(events), dripMs: 0, ...secured });
    servers.set(scheme, opened);
    return opened;
  };
  return {
    async offer(scheme, offered) {
      const name = `f${next++}`;
      offers.set(name, offered);
      return `${(await server(scheme)).base}/${name}`;
    },
    async nobody(scheme) {
      const free = await new Promise<number>((resolve, reject) => {
        const probe = createServer().once('error', reject);
        probe.listen(0, host, () => {
          const address = probe.address();
          probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 1));
        });
      });
      return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${free}/none`;
    },
    clear: () => shelf.clear(),
    async close() {
      await Promise.all([...servers.values()].map((each) => each.close()));
      servers.clear();
    },
  };
}
