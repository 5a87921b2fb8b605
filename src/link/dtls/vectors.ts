import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { TesterError } from '../../core/errors.ts';

/** A vector file; its values are found by a path such as `records.ccm8.record`. */
export interface Vectors {
  text(path: string): string;
  hex(path: string): Buffer;
  list(path: string): readonly string[];
}

/** Reads a file of the folder `vectors`; for tests. Throws a TesterError where a path leads nowhere. */
export function readVectors(file: string): Vectors {
  // Compiled code lies in dist/, the vectors stay beside the source.
  const url = new URL(`../../../../src/link/dtls/vectors/${file}`, import.meta.url);
  const root: unknown = parse(readFileSync(url, 'utf8'));
  const at = (path: string): unknown => {
    let here: unknown = root;
    for (const key of path.split('.'))
      here = typeof here === 'object' && here !== null ? Reflect.get(here, key) : undefined;
    return here;
  };
  const text = (path: string): string => {
    const found = at(path);
    if (typeof found !== 'string') throw new TesterError('vectors', `${file}: ${path} is no text`);
    return found;
  };
  return {
    text,
    hex: (path) => Buffer.from(text(path), 'hex'),
    list(path) {
      const found = at(path);
      if (!Array.isArray(found)) throw new TesterError('vectors', `${file}: ${path} is no list`);
      return found.filter((line) => typeof line === 'string');
    },
  };
}
