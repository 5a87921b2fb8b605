import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { Coverage } from './integrity.ts';
import type { ImageOrder } from './make.ts';

/** One file of `vectors.yaml`, whose head explains the keys. */
export interface FileVector {
  readonly case: string;
  readonly hex: string;
  readonly order: Omit<ImageOrder, 'elements' | 'integrity'>;
  readonly elements: readonly { readonly tag: number; readonly data: string; readonly uncounted?: string }[];
  readonly integrity?: Coverage;
  readonly wrongIntegrity?: true;
  readonly wrapper?: string;
  readonly bare?: string;
  readonly foreign?: true;
  readonly findings?: readonly { readonly at: number; readonly text: string }[];
  readonly unusable?: { readonly octet: number; readonly text: string };
}

/** All vectors of OTA files and of AES-MMO; only tests read them. */
export function loadFileVectors(): {
  readonly files: readonly FileVector[];
  readonly mmo: readonly { readonly input: string; readonly repeat: number; readonly digest: string }[];
} {
  const here = new URL(import.meta.url.replace('/dist/src/', '/src/'));
  return parse(readFileSync(new URL('vectors.yaml', here), 'utf8')) as ReturnType<typeof loadFileVectors>;
}

/** What the file of a vector is made from. */
export function orderOf({ order, elements, integrity }: FileVector): ImageOrder {
  return {
    ...order,
    ...(integrity !== undefined && { integrity }),
    elements: elements.map(({ tag, data, uncounted }) => ({
      tag,
      data: Buffer.from(data, 'hex'),
      ...(uncounted !== undefined && { uncounted: Buffer.from(uncounted, 'hex') }),
    })),
  };
}
