import type { Bench } from '../core/standard.ts';
import { benchIdentity } from '../link/packages/certificate.ts';
import { packageRecorder } from '../link/packages/events.ts';
import { openHttp } from '../link/packages/http.ts';
import { newShelf, type PackageServer, type Shelved } from '../link/packages/shelf.ts';

/** The HTTP and HTTPS package servers of the bench, each opened when first needed. */
export interface WebPackages {
  /** Offers a package and gives its URL; until {@link clear}. */
  serve(scheme: 'http' | 'https', item: Shelved): Promise<string>;
  clear(): void;
  close(): Promise<void>;
}

/** @param host The address by which the device reaches the bench; asked for when first needed. */
export function webPackages(bench: Bench, host: () => Promise<string>): WebPackages {
  const shelf = newShelf();
  const record = packageRecorder(bench.events);
  const servers = new Map<'http' | 'https', Promise<PackageServer>>();
  const open = async (scheme: 'http' | 'https'): Promise<PackageServer> => {
    const address = await host();
    const identity = scheme === 'https' ? { identity: await benchIdentity(bench, address) } : {};
    return openHttp({ host: address, port: 0, shelf, record, dripMs: bench.timing.real('drip'), ...identity });
  };
  return {
    async serve(scheme, item) {
      const server = servers.get(scheme) ?? open(scheme);
      servers.set(scheme, server);
      return `${(await server).base}${shelf.put(item)}`;
    },
    clear() {
      shelf.clear();
      for (const server of servers.values()) void server.then((s) => s.drop()).catch(() => undefined);
    },
    async close() {
      for (const server of servers.values()) await (await server).close();
    },
  };
}
