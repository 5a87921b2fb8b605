import type { Behaviour } from './behaviour.ts';

/** A running package server. */
export interface PackageServer {
  /** `https://192.168.1.2:40123` */
  readonly base: string;
  /** Ends every connection; the server goes on listening. */
  drop(): void;
  close(): Promise<void>;
}

/** Name and password of HTTP basic authentication. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** One package as a case offers it. */
export interface Shelved {
  /** How the case calls it. */
  readonly name: string;
  readonly behaviour: Behaviour;
  /** Who may have it; others are answered 401. Anybody unless told. */
  readonly credentials?: Credentials;
  content(): Buffer;
}

/** What is offered at the moment, by path; emptied after every case, and no path is used twice. */
export interface Shelf {
  /** Puts a package up and returns its path: `/fw/p7`. */
  put(item: Shelved): string;
  find(path: string): Shelved | undefined;
  clear(): void;
}

/** Folder of all paths: some devices take no URL with a path of one part. */
export const SHELF = '/fw';

/** An empty shelf; its paths are `/fw/p0`, `/fw/p1`, … */
export function newShelf(): Shelf {
  const items = new Map<string, Shelved>();
  let next = 0;
  return {
    put(item) {
      const key = `p${next++}`;
      items.set(key, item);
      return `${SHELF}/${key}`;
    },
    find(path) {
      const [folder, key = ''] = path.split(/[/?]/).filter((part) => part !== '');
      return `/${folder ?? ''}` === SHELF ? items.get(key) : undefined;
    },
    clear: () => items.clear(),
  };
}
